package oci

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"enishi/internal/errs"
)

// Build is how an image is built of a program in Go and of the commit that it is at.
type Build struct {
	Dir       string    // the project's folder; empty: this one
	Package   string    // of the program
	Version   string    // variable that the version is linked into, and
	Revision  string    // one for the commit; empty: none
	Locks     []string  // lock files of npm, of whose packages parts are in the program
	Out       string    // folder, whose content is replaced
	Tag       string    // NAME:VERSION, for docker load
	Platforms []string  // linux/amd64 and so on; none: linux on this processor
	Function  string    // its name, of a function of Lambda: it listens nowhere and is asked nothing; empty: the service
	Progress  io.Writer // what is being done
	// Most is how many bytes a registry may have to keep of an image for one platform: what
	// grows beyond it makes every start on a new host slower, and is not wanted unseen.
	// 0: 40 MB.
	Most int64
}

const usuallyMost = 40_000_000

// Program gives how the image of Enishi is built in a folder, of the project that one stands in.
func Program(out string, platforms []string, progress io.Writer) *Build {
	return &Build{
		Package: "./cmd/enishi", Version: "enishi/internal/cli.release", Revision: "enishi/internal/cli.commit",
		Locks: []string{"internal/web/browser/package-lock.json"}, Out: out, Tag: "enishi:latest", Platforms: platforms, Progress: progress,
	}
}

// Notify gives how the image of the function that tells people of alarms is built in
// a folder (its whole path), of the project that one stands in, for Lambda's processors.
func Notify(out string, progress io.Writer) *Build {
	return &Build{Dir: "infra", Package: "./cmd/notify", Function: "notify", Out: out, Tag: "enishi-notify:latest", Platforms: []string{"linux/arm64"}, Progress: progress}
}

// Run builds the program for every platform, puts each into an image and gives the
// digest of the whole, which is the same for the same commit. Lambda takes no list of
// platforms: a function is built for one, and the digest is the image's own.
func (b *Build) Run(ctx context.Context) (v1.Hash, error) {
	var none v1.Hash
	platforms := b.Platforms
	if len(platforms) == 0 {
		arch, err := b.output(ctx, nil, "go", "env", "GOARCH")
		if err != nil {
			return none, err
		}
		platforms = []string{"linux/" + arch}
	}
	from, err := b.describe(ctx)
	if err != nil {
		return none, err
	}
	if b.Function != "" && len(platforms) > 1 {
		return none, errs.New(errs.Invalid, "platform: found "+strings.Join(platforms, ",")+"; a function is built for one")
	}
	work, err := os.MkdirTemp("", "enishi-image-")
	if err != nil {
		return none, errs.Wrap(errs.Internal, "there is no room to build in", err)
	}
	defer os.RemoveAll(work) //nolint:errcheck // a folder of the system's for such at worst
	images := make([]v1.Image, 0, len(platforms))
	for _, name := range platforms {
		img, err := b.image(ctx, filepath.Join(work, strings.ReplaceAll(name, "/", "-")), name, from)
		if err != nil {
			return none, err
		}
		images = append(images, img)
	}
	digest, err := Write(b.Out, b.Tag, images)
	if err != nil || b.Function == "" {
		return digest, err
	}
	if digest, err = images[0].Digest(); err != nil {
		return none, errs.Wrap(errs.Internal, "the image has no digest", err)
	}
	return digest, nil
}

func (b *Build) image(ctx context.Context, file, name string, from source) (v1.Image, error) {
	platform, err := v1.ParsePlatform(name)
	if err != nil || platform.OS != "linux" || platform.Architecture == "" {
		return nil, errs.New(errs.Invalid, "platform: found "+name+"; accepted: linux/amd64, linux/arm64 and so on")
	}
	fmt.Fprintf(b.Progress, "building for %s\n", name)
	// Whatever else could make another program of the same commit is said here, so that
	// neither the environment nor Go's own file of settings says it.
	env := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + platform.Architecture, "GOFLAGS=-mod=readonly", "GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off", "GOWORK=off"}
	// The compiler is done before it has to collect; without that, a third of its time goes there.
	env = append(env, "GOGC=off", "GOMEMLIMIT=2GiB")
	link := "-s -w -buildid="
	for _, x := range [][2]string{{b.Version, from.version}, {b.Revision, from.revision}} {
		if x[0] != "" {
			link += " -X " + x[0] + "=" + x[1]
		}
	}
	if _, err := b.output(ctx, env, "go", "build", "-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", "-ldflags="+link, "-o", file, b.Package); err != nil {
		return nil, err
	}
	spec := from.spec(platform)
	if b.Function != "" {
		spec = from.function(platform, b.Function)
	}
	for _, lock := range b.Locks {
		spec.Locks = append(spec.Locks, filepath.Join(b.Dir, lock))
	}
	img, err := Image(file, spec)
	if err != nil {
		return nil, err
	}
	size, err := sizeOf(img)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(b.Progress, "%s: %.1f MB\n", name, float64(size)/1e6)
	if most := cmp.Or(b.Most, usuallyMost); size > most {
		return nil, errs.New(errs.Invalid, fmt.Sprintf("image: found %.1f MB; allowed: %.1f MB", float64(size)/1e6, float64(most)/1e6))
	}
	return img, nil
}

// sizeOf gives how many bytes a registry keeps of an image.
func sizeOf(img v1.Image) (int64, error) {
	m, err := img.Manifest()
	if err != nil {
		return 0, errs.Wrap(errs.Internal, "the image has no manifest", err)
	}
	size := m.Config.Size
	for _, l := range m.Layers {
		size += l.Size
	}
	return size, nil
}

// source is what the program is built from.
type source struct {
	version, revision string
	at                time.Time
}

func (b *Build) describe(ctx context.Context) (source, error) {
	var s source
	line, err := b.output(ctx, nil, "git", "log", "-1", "--format=%H %ct")
	if err != nil {
		return s, err
	}
	var seconds int64
	if _, err := fmt.Sscanf(line, "%s %d", &s.revision, &seconds); err != nil {
		return s, errs.Wrap(errs.Internal, "git doesn't say what is built", err)
	}
	s.at = time.Unix(seconds, 0).UTC()
	if s.version, err = b.output(ctx, nil, "git", "describe", "--tags", "--always"); err != nil {
		return s, err
	}
	changed, err := b.output(ctx, nil, "git", "status", "--porcelain")
	if changed != "" { // files that git does not know are in the program as well
		s.version += "-dirty"
	}
	return s, err
}

func (s source) spec(platform *v1.Platform) *Spec {
	const port = 8080
	return &Spec{
		Platform: *platform, Name: "enishi", Args: []string{"guard", "--", "serve"}, Port: port,
		Env:    []string{fmt.Sprintf("ENISHI_ADDR=:%d", port), "ENISHI_DATA=/data", "ENISHI_LOG_FORMAT=json"},
		Health: []string{"health"}, Created: s.at, Folders: []string{"/data"}, Labels: s.labels("Enishi"),
	}
}

func (s source) function(platform *v1.Platform, name string) *Spec {
	return &Spec{Platform: *platform, Name: name, Created: s.at, Labels: s.labels("Enishi " + name)}
}

func (s source) labels(title string) map[string]string {
	return map[string]string{LabelTitle: title, LabelVersion: s.version, LabelRevision: s.revision, LabelCreated: s.at.Format(time.RFC3339)}
}

// output runs a program and gives what it prints, without its last line's end.
func (b *Build) output(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.Dir
	cmd.Env = append(cmd.Environ(), env...)
	cmd.Stderr = b.Progress
	out, err := cmd.Output()
	if err != nil {
		return "", errs.Wrap(errs.Internal, name+" "+strings.Join(args, " ")+" failed", err)
	}
	return strings.TrimSpace(string(out)), nil
}
