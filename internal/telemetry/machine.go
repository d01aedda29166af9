package telemetry

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

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
	if limit := memoryLimit("/"); limit > 0 {
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

// memoryLimit gives the bytes that the control groups of this process allow it,
// of both versions, or else what the machine has; 0: it is not known. root is
// where the file system begins.
func memoryLimit(root string) int64 {
	limit := machineMemory(root)
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return limit
	}
	for line := range strings.Lines(string(groups)) {
		// NUMBER:CONTROLLERS:PATH; version 2 has neither number nor controllers.
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		top, file := "sys/fs/cgroup", "memory.max"
		if parts[1] != "" {
			top, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
			if !strings.Contains(","+parts[1]+",", ",memory,") {
				continue
			}
		}
		// Those above bound it as well. In a container the path may be the
		// host's, of which only the top is seen.
		for path := filepath.Clean("/" + parts[2]); ; path = filepath.Dir(path) {
			text, err := os.ReadFile(filepath.Join(root, top, path, file))
			if own, wrong := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && wrong == nil && own > 0 {
				if limit == 0 || own < limit {
					limit = own
				}
			}
			if path == "/" {
				break
			}
		}
	}
	return limit
}

// machineMemory gives the memory of the machine, 0 if it does not say.
func machineMemory(root string) int64 {
	text, err := os.ReadFile(filepath.Join(root, "proc/meminfo"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			const kilo = 1024
			return n * kilo
		}
	}
	return 0
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
