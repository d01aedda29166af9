package verify

import "time"

// Begun is begun.
func Begun(here, ended <-chan struct{}, patience time.Duration) error {
	return begun(here, ended, patience)
}
