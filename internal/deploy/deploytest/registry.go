package deploytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"enishi/internal/oci"
)

// Build writes one of this package's images into a folder and puts it into a repository by the program's own way
// to do so, over what carries the requests of a configuration: the images Before and Next, and Function
// as Lambda takes it.
func Build(ctx context.Context, config *aws.Config, of, repository, user, password string) (string, error) {
	dir, err := os.MkdirTemp("", "deploytest-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder of the system's for such at worst
	layers := filepath.Join(dir, "image")
	if _, err := layOut(layers, of); err != nil {
		return "", err
	}
	as := oci.Login{User: user, Password: password, Via: config.HTTPClient.(*wire)}
	if of == Function {
		return oci.PushFunction(ctx, layers, repository, as)
	}
	return oci.Push(ctx, layers, repository, as)
}

// layOut writes a small image, of one platform and the same each time, as the program writes its own.
func layOut(dir, of string) (v1.Hash, error) {
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
	image, err := mutate.AppendLayers(image, static.NewLayer([]byte("users and folders"), types.OCILayer), static.NewLayer([]byte("the program of "+label(of)), types.OCILayer))
	if err != nil {
		return v1.Hash{}, err
	}
	if image, err = mutate.ConfigFile(image, &v1.ConfigFile{OS: "linux", Architecture: "arm64", RootFS: rootOf(image)}); err != nil {
		return v1.Hash{}, err
	}
	index, err := oci.Write(dir, "enishi:test", []v1.Image{image})
	if err != nil || of != Function {
		return index, err
	}
	return image.Digest()
}

func rootOf(image v1.Image) v1.RootFS {
	c, err := image.ConfigFile()
	if err != nil {
		return v1.RootFS{} // of layers in memory, of which each knows its own
	}
	return c.RootFS
}

func label(of string) string {
	return map[string]string{Before: "before", Next: "next", Function: "alarms"}[of]
}

// RoundTrip implements the transport of whatever asks the registry.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close() //nolint:errcheck // it is in memory
	}
	return w.Do(r)
}

// images is the registry: one in memory that knows the protocol, and beside it what Amazon's own refuses.
type images struct {
	all   http.Handler
	begun map[string]bool // REPOSITORY@DIGEST that somebody has begun to push
	there []string        // the same of what is there, in the order in which it came
	tags  map[string]string
	ended map[string]bool // uploads of a layer
}

func newImages() *images {
	return &images{all: registry.New(registry.Logger(log.New(io.Discard, "", 0))), begun: map[string]bool{}, tags: map[string]string{}, ended: map[string]bool{}}
}

const registryPath = "/v2/"

func isImage(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, registryPath) }

// imageRight names what a request asks of the registry by the right that it needs.
func imageRight(r *http.Request) string {
	if r.URL.Path == registryPath {
		return "GetAuthorizationToken /v2/" // asks nothing but who that is
	}
	kind := map[bool]string{true: "manifests", false: "blobs"}[strings.Contains(r.URL.Path, "/manifests/")]
	right := map[string]string{
		"HEAD manifests": "BatchGetImage", "GET manifests": "BatchGetImage", "PUT manifests": "PutImage",
		"HEAD blobs": "BatchCheckLayerAvailability", "POST blobs": "InitiateLayerUpload", "PATCH blobs": "UploadLayerPart", "PUT blobs": "CompleteLayerUpload",
	}[r.Method+" "+kind]
	return right + " " + r.URL.Path
}

// functions is what the name of the repository of functions has after that of the other.
const functions = "-notify"

// repository gives the name of the environment's own; "" before there is one.
func (a *Account) repository() string {
	_, name, _ := strings.Cut(a.parameters["/enishi/"+a.Environment+"/registry"], "/")
	return name
}

// pushed answers for the registry.
func (a *Account) pushed(r *http.Request, body []byte) *http.Response {
	user, password, _ := r.BasicAuth()
	repository, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, registryPath), "/")
	kind, what, _ := strings.Cut(rest, "/")
	puts := r.Method == http.MethodPut && kind == "manifests"
	switch {
	case user != "AWS" || password != "token":
		out := imageError(r, http.StatusUnauthorized, "UNAUTHORIZED", "Your authorization token is invalid")
		out.Header.Set("WWW-Authenticate", `Basic realm="https://`+r.URL.Host+`/",service="ecr.amazonaws.com"`)
		return out
	case r.URL.Path == registryPath:
		return a.images.ask(r, body)
	case repository == "" || repository != a.repository() && repository != a.repository()+functions:
		return imageError(r, http.StatusNotFound, "NAME_UNKNOWN", "The repository with name '"+repository+"' does not exist in the registry")
	case puts && a.images.tags[repository+":"+what] != "":
		return imageError(r, http.StatusBadRequest, "TAG_INVALID", "The image tag '"+what+"' already exists in the '"+repository+"' repository and cannot be overwritten because the repository is immutable.")
	case a.images.ended[r.URL.Path] && kind == "blobs":
		return imageError(r, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "The upload "+what+" has ended")
	case puts && !a.images.whole(repository, body):
		return imageError(r, http.StatusNotFound, "BLOB_UNKNOWN", "The layers of the manifest are not all there")
	}
	if kind == "manifests" {
		a.images.begun[repository+"@"+strings.Replace(what, "sha256-", "sha256:", 1)] = true // by its tag, or by itself
	}
	out := a.images.ask(r, body)
	if r.Method == http.MethodPut && out.StatusCode == http.StatusCreated {
		a.images.ended[r.URL.Path] = true
	}
	if digest := out.Header.Get("Docker-Content-Digest"); puts && out.StatusCode == http.StatusCreated {
		if !strings.HasPrefix(what, "sha256:") {
			a.images.tags[repository+":"+what] = digest
		}
		if name := repository + "@" + digest; !slices.Contains(a.images.there, name) {
			a.images.there = append(a.images.there, name)
		}
	}
	return out
}

// ask has the registry in memory answer.
func (i *images) ask(r *http.Request, body []byte) *http.Response {
	in := r.Clone(r.Context())
	in.Body, in.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	w := httptest.NewRecorder()
	i.all.ServeHTTP(w, in)
	out := w.Result()
	out.Request = r
	return out
}

// look asks the registry in memory for what stands at a path.
func (i *images) look(method, path string) (status int, text []byte) {
	w := httptest.NewRecorder()
	i.all.ServeHTTP(w, &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}, Body: http.NoBody})
	return w.Code, w.Body.Bytes()
}

// whole says whether all that a manifest names is there.
func (i *images) whole(repository string, manifest []byte) bool {
	var of struct {
		Config    *v1.Descriptor
		Layers    []v1.Descriptor
		Manifests []v1.Descriptor
	}
	if err := json.Unmarshal(manifest, &of); err != nil {
		return false
	}
	if of.Config != nil {
		of.Layers = append(of.Layers, *of.Config)
	}
	for kind, all := range map[string][]v1.Descriptor{"blobs": of.Layers, "manifests": of.Manifests} {
		for _, one := range all {
			if status, _ := i.look(http.MethodHead, registryPath+repository+"/"+kind+"/"+one.Digest.String()); status != http.StatusOK {
				return false
			}
		}
	}
	return true
}

func imageError(r *http.Request, status int, code, message string) *http.Response {
	out := answerText(r, status, fmt.Appendf(nil, `{"errors":[{"code":%q,"message":%q}]}`, code, message))
	if r.Method == http.MethodHead { // which has no text to say it in
		out = answerText(r, status, nil)
	}
	out.Header.Set("Content-Type", "application/json")
	return out
}

// pulls notes what ECS would find out when it starts an image of which a push has begun and not ended.
func (a *Account) pulls(name string) {
	_, short, _ := strings.Cut(name, "/")
	if a.images.begun[short] && !slices.Contains(a.images.there, short) {
		a.fault("%s is to be run, and is not in the registry", name)
	}
}

func (a *Account) listImages(in *ecr.ListImagesInput) (*ecr.ListImagesOutput, error) {
	out := &ecr.ListImagesOutput{}
	for _, name := range a.images.there {
		if repository, digest, _ := strings.Cut(name, "@"); repository == aws.ToString(in.RepositoryName) {
			out.ImageIds = append(out.ImageIds, ecrtypes.ImageIdentifier{ImageDigest: &digest})
		}
	}
	return out, nil
}

// batchDeleteImage deletes what no list of platforms names.
func (a *Account) batchDeleteImage(in *ecr.BatchDeleteImageInput) (*ecr.BatchDeleteImageOutput, error) {
	out, repository := &ecr.BatchDeleteImageOutput{}, aws.ToString(in.RepositoryName)
	named := a.images.named(repository)
	for _, one := range in.ImageIds {
		digest := aws.ToString(one.ImageDigest)
		if slices.Contains(named, digest) {
			out.Failures = append(out.Failures, ecrtypes.ImageFailure{ImageId: &one, FailureCode: ecrtypes.ImageFailureCodeImageReferencedByManifestList, FailureReason: aws.String("Requested image referenced by manifest list")})
			continue
		}
		a.images.remove(repository, digest)
		out.ImageIds = append(out.ImageIds, one)
	}
	return out, nil
}

// named gives the digests that lists of platforms in a repository name.
func (i *images) named(repository string) []string {
	var out []string
	for _, name := range i.there {
		of, digest, _ := strings.Cut(name, "@")
		if of != repository {
			continue
		}
		_, text := i.look(http.MethodGet, registryPath+repository+"/manifests/"+digest)
		if list, err := v1.ParseIndexManifest(bytes.NewReader(text)); err == nil {
			for _, child := range list.Manifests {
				out = append(out, child.Digest.String())
			}
		}
	}
	return out
}

func (i *images) remove(repository, digest string) {
	i.there = slices.DeleteFunc(i.there, func(name string) bool { return name == repository+"@"+digest })
	gone := []string{digest}
	for tag, of := range i.tags {
		if name, short, _ := strings.Cut(tag, ":"); name == repository && of == digest {
			gone = append(gone, short)
			delete(i.tags, tag)
		}
	}
	for _, what := range gone {
		i.look(http.MethodDelete, registryPath+repository+"/manifests/"+what)
	}
}
