package config_test

import (
	"fmt"
	"testing"

	"enishi/internal/config"
)

// TestDatabasePassword puts a password beside the addresses that have none.
func TestDatabasePassword(t *testing.T) {
	for _, tt := range []struct{ url, reader, wantURL, wantReader string }{
		{"mysql://enishi@a:3306/market?tls=true", "", "mysql://enishi:p%40ss%2F@a:3306/market?tls=true", ""},
		{"mysql://enishi:within@a/market", "mysql://enishi@b/market", "mysql://enishi:within@a/market", "mysql://enishi:p%40ss%2F@b/market"},
		{"", "", "", ""},
	} {
		c, err := config.Resolve(nil, environment(map[string]string{
			"ENISHI_SECRET":       "6162636465666768696a6b6c6d6e6f707172737475767778797a303132333435",
			"ENISHI_DATABASE_URL": tt.url, "ENISHI_DATABASE_READER_URL": tt.reader, "ENISHI_DATABASE_PASSWORD": "p@ss/",
		}))
		if err != nil || c.DatabaseURL != tt.wantURL || c.DatabaseReaderURL != tt.wantReader {
			t.Errorf("%s and %s: %s and %s, %v; want %s and %s", tt.url, tt.reader, c.DatabaseURL, c.DatabaseReaderURL, err, tt.wantURL, tt.wantReader)
		}
		for _, secret := range []string{"p@ss", "p%40ss", "within"} {
			leaks(t, "list of settings", fmt.Sprint(c.Describe()), secret)
		}
	}
}
