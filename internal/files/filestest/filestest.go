// Package filestest holds every files.Store to the same contract, and gives
// tests a part of a bucket on the server that the environment names:
// ENISHI_TEST_S3_URL, with ENISHI_TEST_S3_KEY and ENISHI_TEST_S3_SECRET. A
// test without its server is skipped, or fails where ENISHI_TEST_SERVICES is
// "required".
package filestest

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"enishi/internal/config"
	"enishi/internal/files"
)

// Kept is an empty store, and what a test knows of its inside.
type Kept struct {
	files.Store
	// Left gives all that is kept, whole or not.
	Left func(t *testing.T) []string
	// Abandon begins a file and leaves it, as a process does that dies.
	Abandon func(t *testing.T, name string)
}

// Folder gives an empty folder.
func Folder(t *testing.T) Kept {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "new", "files")
	store, err := files.OpenFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	return Kept{
		Store: store,
		Left: func(t *testing.T) (names []string) {
			t.Helper()
			list, err := os.ReadDir(folder)
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range list {
				names = append(names, at.Name())
			}
			return names
		},
		Abandon: func(t *testing.T, _ string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(folder, ".writing-123"), []byte("half of"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// Bucket gives an empty part of a bucket.
func Bucket(t *testing.T) Kept {
	t.Helper()
	return BucketBehind(t, func(endpoint string) string { return endpoint })
}

// BucketBehind gives the same, which the store asks by what front puts in front of
// the server.
func BucketBehind(t *testing.T, front func(endpoint string) string) Kept {
	t.Helper()
	place := At(t)
	asked := place
	asked.Endpoint = front(place.Endpoint)
	store, err := files.OpenBucket(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	server := client(place.Region, place.Endpoint)
	return Kept{
		Store: store,
		Left: func(t *testing.T) []string {
			t.Helper()
			return left(t, server, place)
		},
		Abandon: func(t *testing.T, name string) {
			t.Helper()
			begun, err := server.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &place.Bucket, Key: aws.String(path.Join(place.Prefix, name))})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := server.UploadPart(t.Context(), &s3.UploadPartInput{
				Bucket: begun.Bucket, Key: begun.Key, UploadId: begun.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("half of"),
			}); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// URL gives an empty part of a bucket as a setting has it. The test, and the
// processes that it starts, have the keys in their environment.
func URL(t *testing.T) string {
	t.Helper()
	at := At(t)
	return config.Files{Bucket: config.Bucket{Name: at.Bucket, Prefix: at.Prefix, Region: at.Region, Endpoint: at.Endpoint}}.String()
}

// At gives the same as files knows it.
func At(t *testing.T) files.Place {
	t.Helper()
	const variable = "ENISHI_TEST_S3_URL"
	text := os.Getenv(variable)
	if text == "" {
		missing(t, variable+" is not set")
	}
	given, ok := config.ParseFiles(text)
	if !ok || given.Bucket.Name == "" {
		t.Fatalf("%s is %s, no address of a bucket", variable, text)
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION"} { // of whoever runs this
		t.Setenv(name, "")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", os.Getenv("ENISHI_TEST_S3_KEY"))
	t.Setenv("AWS_SECRET_ACCESS_KEY", os.Getenv("ENISHI_TEST_S3_SECRET"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	place := files.Place{Bucket: given.Bucket.Name, Prefix: strings.ToLower(rand.Text()) + "/縁 files", Region: given.Bucket.Region, Endpoint: given.Bucket.Endpoint}
	server := client(place.Region, place.Endpoint)
	_, err := server.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &place.Bucket})
	if _, ours := errors.AsType[*types.BucketAlreadyOwnedByYou](err); err != nil && !ours {
		t.Fatalf("make the bucket: %v", err)
	}
	t.Cleanup(func() { clear(t, server, place) })
	return place
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("ENISHI_TEST_SERVICES") == "required" {
		t.Fatal(what + ": run make services")
	}
	t.Skip(what)
}

// client asks the server as the test does, not as the program.
func client(region, endpoint string) *s3.Client {
	return s3.New(s3.Options{
		Region: region, BaseEndpoint: &endpoint, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("ENISHI_TEST_S3_KEY"), os.Getenv("ENISHI_TEST_S3_SECRET"), ""),
	})
}

// left gives the names of files, and those of files that were begun.
func left(t *testing.T, server *s3.Client, at files.Place) (names []string) {
	t.Helper()
	below := aws.String(at.Prefix + "/")
	pages := s3.NewListObjectsV2Paginator(server, &s3.ListObjectsV2Input{Bucket: &at.Bucket, Prefix: below})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.WithoutCancel(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			names = append(names, strings.TrimPrefix(*o.Key, *below))
		}
	}
	begun, err := server.ListMultipartUploads(context.WithoutCancel(t.Context()), &s3.ListMultipartUploadsInput{Bucket: &at.Bucket, Prefix: below})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range begun.Uploads {
		names = append(names, "begun: "+strings.TrimPrefix(*u.Key, *below))
	}
	return names
}

// clear removes what a test left.
func clear(t *testing.T, server *s3.Client, at files.Place) {
	t.Helper()
	for _, name := range left(t, server, at) {
		if _, err := server.DeleteObject(context.WithoutCancel(t.Context()), &s3.DeleteObjectInput{Bucket: &at.Bucket, Key: aws.String(path.Join(at.Prefix, name))}); err != nil {
			t.Error(err)
		}
	}
}
