// Package oci makes the container image of a program, without a daemon. The same
// program always makes the same image, bit for bit: nothing in it says when or where
// it was made.
package oci

import (
	"fmt"
	"os"
	"path"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"enishi/internal/errs"
)

// User is who the program runs as: nobody who has rights anywhere.
const User = 65532

// Spec is what an image says of its program.
type Spec struct {
	Platform v1.Platform
	Name     string            // of the file in the image's root
	Args     []string          // after the program, where nothing else is asked for
	Env      []string          // NAME=value
	Port     int               // that it listens on; 0: none
	Health   []string          // arguments by which the program asks itself how it is; none: it is not asked
	Labels   map[string]string // as the OCI's annotations
	Created  time.Time         // of the source, not of the image
	Folders  []string          // that belong to the program and may be written to
	Locks    []string          // lock files of npm, of whose packages parts are in the program
}

// Image makes the image of a static program: the file, its SBOM, an empty /tmp and the
// folders, and nothing else.
func Image(file string, s *Spec) (v1.Image, error) {
	program, err := os.ReadFile(file)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the program cannot be read", err)
	}
	components, err := SBOM(file, s)
	if err != nil {
		return nil, err
	}
	ground := append([]entry{
		{name: "etc/passwd", mode: 0o644, body: fmt.Appendf(nil, "%s:x:%d:%d::/:/\n", s.Name, User, User)},
		{name: "etc/group", mode: 0o644, body: fmt.Appendf(nil, "%s:x:%d:\n", s.Name, User)},
		{name: "tmp/", mode: 0o1777},
	}, folders(s.Folders)...)
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	img = mutate.ConfigMediaType(img, types.OCIConfigJSON)
	// What changes least lies lowest, so that a new version is one new layer.
	for _, l := range []struct {
		why     string
		entries []entry
	}{
		{"users and folders", ground},
		{"the program", []entry{{name: s.Name, mode: 0o755, body: program}, {name: "sbom.cdx.json", mode: 0o644, body: components}}},
	} {
		layer, err := layerOf(l.entries)
		if err != nil {
			return nil, err
		}
		img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: l.why, Created: v1.Time{Time: s.Created}}})
		if err != nil {
			return nil, errs.Wrap(errs.Internal, "a layer cannot be added", err)
		}
	}
	return configured(img, s)
}

func configured(img v1.Image, s *Spec) (v1.Image, error) {
	old, err := img.ConfigFile()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the image has no configuration", err)
	}
	c := old.DeepCopy()
	c.OS, c.Architecture, c.Variant = s.Platform.OS, s.Platform.Architecture, s.Platform.Variant
	c.Created = v1.Time{Time: s.Created}
	c.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", User, User), WorkingDir: "/",
		Entrypoint: []string{"/" + s.Name}, Cmd: s.Args, Env: s.Env, Labels: s.Labels,
		StopSignal: "SIGTERM",
	}
	if len(s.Folders) > 0 {
		// Mounts without a name are its user's to write to on ECS only where the image says so: others are
		// made for root, 0755.
		c.Config.Volumes = map[string]struct{}{"/tmp": {}}
		for _, folder := range s.Folders {
			c.Config.Volumes[path.Clean(folder)] = struct{}{}
		}
	}
	if s.Port > 0 {
		c.Config.ExposedPorts = map[string]struct{}{fmt.Sprintf("%d/tcp", s.Port): {}}
	}
	if len(s.Health) > 0 {
		c.Config.Healthcheck = &v1.HealthConfig{
			Test:     append([]string{"CMD", "/" + s.Name}, s.Health...),
			Interval: 5 * time.Second, Timeout: 3 * time.Second, StartPeriod: time.Minute, Retries: 3,
		}
	}
	if img, err = mutate.ConfigFile(img, c); err != nil {
		return nil, errs.Wrap(errs.Internal, "the configuration cannot be set", err)
	}
	return mutate.Annotations(img, s.Labels).(v1.Image), nil
}

// entry is a file of a layer, or a folder if its name ends with a slash.
type entry struct {
	name  string
	mode  int64
	owner int
	body  []byte
}

func folders(names []string) []entry {
	out := make([]entry, 0, len(names))
	for _, name := range names {
		out = append(out, entry{name: path.Clean(name)[1:] + "/", mode: 0o700, owner: User})
	}
	return out
}
