package oci

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"enishi/internal/errs"
)

// Login is who puts images into a registry.
type Login struct{ User, Password string }

// Push puts what Write has written into a folder into a repository and gives its name
// there, REPOSITORY@DIGEST. What is there already is not sent again.
func Push(ctx context.Context, dir, repository string, as Login) (string, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return "", errs.Wrap(errs.NotFound, "there is no image in "+dir, err)
	}
	digest, err := index.Digest()
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "the image in "+dir+" is none", err)
	}
	return put(ctx, repository, digest, as, func(tag name.Tag, options []remote.Option) error { return remote.WriteIndex(tag, index, options...) })
}

// PushFunction is Push for a function of Lambda, which takes no list of platforms: what is
// put into the repository is the one image that was written.
func PushFunction(ctx context.Context, dir, repository string, as Login) (string, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return "", errs.Wrap(errs.NotFound, "there is no image in "+dir, err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "the image in "+dir+" is none", err)
	}
	if len(list.Manifests) != 1 {
		return "", errs.New(errs.Invalid, fmt.Sprintf("%s: found %d images; a function is one", dir, len(list.Manifests)))
	}
	digest := list.Manifests[0].Digest
	image, err := index.Image(digest)
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "the image in "+dir+" is none", err)
	}
	return put(ctx, repository, digest, as, func(tag name.Tag, options []remote.Option) error { return remote.Write(tag, image, options...) })
}

// put writes what has a digest into a repository, under a tag as well, since registries delete
// what has none, and gives its name there.
func put(ctx context.Context, repository string, digest v1.Hash, as Login, write func(name.Tag, []remote.Option) error) (string, error) {
	to, err := name.NewDigest(repository + "@" + digest.String())
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "the repository "+repository+" is none: want HOST/NAME", err)
	}
	tag := to.Context().Tag(digest.Algorithm + "-" + digest.Hex)
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuth(&authn.Basic{Username: as.User, Password: as.Password})}
	if there, err := remote.Head(tag, options...); err == nil && there.Digest == digest {
		return to.String(), nil // a registry whose tags are fixed refuses the same once more
	}
	if err := write(tag, options); err != nil {
		return "", fmt.Errorf("put the image into %s: %w", repository, err)
	}
	return to.String(), nil
}
