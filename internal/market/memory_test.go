package market_test

import (
	"testing"

	"enishi/internal/market"
	"enishi/internal/store/storetest"
)

func TestMemoryConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) market.Store { return market.NewMemory() })
}
