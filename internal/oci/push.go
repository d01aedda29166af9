package oci

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"enishi/internal/errs"
)

// Login is who puts images into a registry.
type Login struct {
	User, Password string
	Via            http.RoundTripper // what carries the requests; nil: the network
}

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

// A push that failed is tried anew, since it sends again only what has not arrived.
const (
	tries   = 4
	between = 2 * time.Second // twice as long after each
)

// put writes what has a digest into a repository, under a tag as well, since registries delete
// what has none, and gives its name there.
func put(ctx context.Context, repository string, digest v1.Hash, as Login, write func(name.Tag, []remote.Option) error) (string, error) {
	to, err := name.NewDigest(repository + "@" + digest.String())
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "the repository "+repository+" is none: want HOST/NAME", err)
	}
	tag := to.Context().Tag(digest.Algorithm + "-" + digest.Hex)
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuth(&authn.Basic{Username: as.User, Password: as.Password})}
	if as.Via != nil {
		options = append(options, remote.WithTransport(as.Via))
	}
	// A registry whose tags are fixed refuses the same once more, also where the answer to the first was lost.
	there := func() bool {
		found, err := remote.Head(tag, options...)
		return err == nil && found.Digest == digest
	}
	for try, pause := 1, between; ; try, pause = try+1, 2*pause {
		if there() {
			return to.String(), nil
		}
		err := write(tag, options)
		if err == nil {
			return to.String(), nil
		}
		if try == tries && there() {
			return to.String(), nil
		}
		if try == tries || !passing(err) {
			return "", fmt.Errorf("put the image into %s: %w", repository, err)
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("put the image into %s: %w", repository, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// passing says whether another try may do what failed: the network, a registry that is busy or had the same
// request already, but none that does not know the repository or whoever asks.
func passing(err error) bool {
	refusal := new(transport.Error)
	if !errors.As(err, &refusal) {
		return errors.As(err, new(*url.Error)) // else it did not come to asking
	}
	unknown := func(d transport.Diagnostic) bool {
		return d.Code == transport.NameUnknownErrorCode || d.Code == transport.NameInvalidErrorCode
	}
	return refusal.StatusCode != http.StatusUnauthorized && refusal.StatusCode != http.StatusForbidden && !slices.ContainsFunc(refusal.Errors, unknown)
}
