package telemetry

import (
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/prometheus/client_golang/prometheus"

	"enishi/internal/store"
)

// machineCollector asks the system what bounds the process.
type machineCollector struct {
	folders map[string]string

	memory, free, size measure
}

// NewMachineCollector gives the metrics of what the process may use: memory, and
// the disks of the folders that it writes to, by what they are called.
func NewMachineCollector(folders map[string]string) prometheus.Collector {
	return &machineCollector{
		folders: folders,
		memory:  gauge("enishi_memory_limit_bytes", "Memory that the process may have: its container's, or the machine's."),
		free:    gauge("enishi_disk_free_bytes", "What is free on the disk of a folder that the process writes to.", "folder"),
		size:    gauge("enishi_disk_bytes", "The size of the disk of a folder that the process writes to.", "folder"),
	}
}

// Describe gives the descriptions.
func (c *machineCollector) Describe(to chan<- *prometheus.Desc) {
	describe(to, c.memory, c.free, c.size)
}

// Collect gives the values; what the system does not say is missing.
func (c *machineCollector) Collect(to chan<- prometheus.Metric) {
	if limit := memoryLimit(); limit > 0 {
		c.memory.send(to, float64(limit))
	}
	for name, folder := range c.folders {
		var disk syscall.Statfs_t
		if err := syscall.Statfs(folder, &disk); err != nil {
			continue // it is not there yet, or on no disk
		}
		c.free.send(to, float64(disk.Bavail)*float64(disk.Bsize), name)
		c.size.send(to, float64(disk.Blocks)*float64(disk.Bsize), name)
	}
}

// memoryLimit gives the bytes that the control group of this process allows it,
// or the machine has; 0: it is not known.
func memoryLimit() uint64 {
	limit, err := memlimit.FromSystem()
	if err != nil {
		limit = 0
	}
	if group, err := memlimit.FromCgroup(); err == nil && (limit == 0 || group < limit) {
		limit = group
	}
	return limit
}

// databaseCollector asks a database what it has in use, now and then: it takes
// more than a moment.
type databaseCollector struct {
	usage func(context.Context) (store.Usage, error)

	open, most, bytes measure

	mu    sync.Mutex
	last  store.Usage
	asked time.Time // when that was; zero: it is not known
}

// usageLife is how long an answer of the database is given.
const usageLife = 5 * time.Second

// NewDatabaseCollector gives the metrics of what a database has in use. While
// it does not answer, they are missing.
func NewDatabaseCollector(usage func(context.Context) (store.Usage, error)) prometheus.Collector {
	return &databaseCollector{
		usage: usage,
		open:  gauge("enishi_database_connections", "Connections to the database server, of all its clients."),
		most:  gauge("enishi_database_connections_max", "Connections that the database server allows."),
		bytes: gauge("enishi_database_bytes", "What the tables and indexes of the database take."),
	}
}

// Describe gives the descriptions.
func (c *databaseCollector) Describe(to chan<- *prometheus.Desc) {
	describe(to, c.open, c.most, c.bytes)
}

// Collect gives the values.
func (c *databaseCollector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.asked) > usageLife {
		ctx, cancel := context.WithTimeout(context.Background(), askTime)
		defer cancel()
		var err error
		if c.last, err = c.usage(ctx); err != nil {
			c.asked = time.Time{}
			return
		}
		c.asked = time.Now()
	}
	if c.last.MostConnections > 0 {
		c.open.send(to, float64(c.last.Connections))
		c.most.send(to, float64(c.last.MostConnections))
	}
	c.bytes.send(to, float64(c.last.Bytes))
}
