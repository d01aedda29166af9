package cli

import (
	"context"
	"log/slog"
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// boundMemory lets the collector work harder before the memory of the container is
// used up, instead of being killed for it: at nine tenths, since the rest holds the
// guard and what Go does not count. GOMEMLIMIT is obeyed instead where it is set.
func boundMemory(ctx context.Context, log *slog.Logger) {
	const part = 0.9
	limit, err := memlimit.Set(memlimit.WithRatio(part))
	switch {
	case err != nil: // as on a system without control groups
		log.DebugContext(ctx, "the memory of the container is not known", "error", err)
	case limit != math.MaxInt64:
		log.InfoContext(ctx, "memory is bounded", "bytes", limit)
	}
}
