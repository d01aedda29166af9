package oci

import (
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"enishi/internal/errs"
)

// The labels of an image, by the OCI's names.
const (
	LabelTitle    = "org.opencontainers.image.title"
	LabelVersion  = "org.opencontainers.image.version"
	LabelRevision = "org.opencontainers.image.revision"
	LabelCreated  = "org.opencontainers.image.created"
)

// Write writes images of one program, one for each platform, into a folder: as the
// layout of the OCI, which registries take, and each as PLATFORM.tar, which
// `docker load` takes under the tag. What lay there is replaced. It gives the digest
// of the whole.
func Write(dir, tag string, images []v1.Image) (v1.Hash, error) {
	if err := os.RemoveAll(dir); err != nil {
		return v1.Hash{}, errs.Wrap(errs.Internal, "the folder of the image cannot be emptied", err)
	}
	ref, err := name.NewTag(tag)
	if err != nil {
		return v1.Hash{}, errs.Wrap(errs.Invalid, "the tag "+tag+" is none: want NAME:VERSION", err)
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, img := range images {
		c, err := img.ConfigFile()
		if err != nil {
			return v1.Hash{}, errs.Wrap(errs.Internal, "the image has no configuration", err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: c.Platform()}})
	}
	if _, err := layout.Write(dir, index); err != nil {
		return v1.Hash{}, errs.Wrap(errs.Internal, "the image cannot be written", err)
	}
	for _, img := range images {
		c, _ := img.ConfigFile()
		if err := tarball.WriteToFile(filepath.Join(dir, c.Architecture+".tar"), ref, img); err != nil {
			return v1.Hash{}, errs.Wrap(errs.Internal, "the image cannot be written", err)
		}
	}
	return index.Digest()
}
