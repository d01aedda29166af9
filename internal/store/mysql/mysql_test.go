package mysql_test

import (
	"testing"

	"enishi/internal/market"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
	"enishi/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) market.Store {
				return storetest.Numbered(mysqltest.Open(t, server, mysql.Options{Connections: 8}))
			})
		})
	}
}
