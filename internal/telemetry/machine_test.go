package telemetry

import (
	"os"
	"path/filepath"
	"testing"
)

const machine = "MemTotal:       16000 kB\nMemFree:         1000 kB\n"

// TestMemoryLimit plays the file systems of machines and containers.
func TestMemoryLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"nothing is known":        {nil, 0},
		"a machine":               {map[string]string{"proc/meminfo": machine}, 16_384_000},
		"no limit, version 2":     {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 16_384_000},
		"version 2":               {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "1048576\n"}, 1_048_576},
		"version 2, one above":    {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "1048576\n", "sys/fs/cgroup/a/b/memory.max": "2097152\n"}, 1_048_576},
		"version 2, a container":  {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1048576\n"}, 1_048_576},
		"version 1, the host's":   {map[string]string{"proc/self/cgroup": "9:cpu:/x\n4:memory:/docker/1\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "1048576\n"}, 1_048_576},
		"version 1, no limit":     {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 16_384_000},
		"version 1, others' file": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "4:memoryless:/a\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "5\n"}, 16_384_000},
	} {
		root := t.TempDir()
		for path, text := range tt.files {
			if err := os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := memoryLimit(root); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}
