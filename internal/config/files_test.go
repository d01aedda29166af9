package config_test

import (
	"strings"
	"testing"

	"enishi/internal/config"
)

func TestParseFiles(t *testing.T) {
	bucket := func(name, prefix, region, endpoint string) config.Files {
		return config.Files{Bucket: config.Bucket{Name: name, Prefix: prefix, Region: region, Endpoint: endpoint}}
	}
	for value, want := range map[string]config.Files{
		"file:///mnt/files/":                                       {Folder: "/mnt/files"},
		"file:///mnt/a/../%E7%B8%81":                               {Folder: "/mnt/縁"},
		"s3://bucket":                                              bucket("bucket", "", "", ""),
		"s3://bucket/":                                             bucket("bucket", "", "", ""),
		"s3://bucket/a/b/?region=eu-central-1":                     bucket("bucket", "a/b", "eu-central-1", ""),
		"s3://enishi-prod.files-1?region=ap-northeast-1":           bucket("enishi-prod.files-1", "", "ap-northeast-1", ""),
		"s3://bucket?endpoint=http://127.0.0.1:7070/":              bucket("bucket", "", "", "http://127.0.0.1:7070"),
		"s3://bucket/p?region=x&endpoint=https%3A%2F%2Fs3.example": bucket("bucket", "p", "x", "https://s3.example"),
	} {
		got, ok := config.ParseFiles(value)
		if !ok || got != want {
			t.Errorf("ParseFiles(%q) = %+v, %v; want %+v", value, got, ok, want)
		}
		if again, ok := config.ParseFiles(got.String()); want.Folder == "" && (!ok || again != want) {
			t.Errorf("%q is told as %s, which is %+v, %v", value, got, again, ok)
		}
	}
}

func TestParseFilesRefuses(t *testing.T) {
	for _, value := range []string{
		"", "/mnt/files", "file:files", "file://host/path", "file:///a?b=c", "file:///a#b", "file:///a%00", "https://bucket.s3.amazonaws.com/",
		"s3:bucket", "s3://", "s3:///path", "s3://ab", "s3://Bucket", "s3://buck_et", "s3://a..b", "s3://-bucket", "s3://bucket:80", "s3://" + strings.Repeat("a", 64),
		"s3://bucket/../other", "s3://bucket/a//b", "s3://bucket/.a", "s3://bucket/a%0ab", "s3://bucket/a%5Cb", "s3://bucket/" + strings.Repeat("a", 513),
		"s3://AKIA:hunter2@bucket", "s3://hunter2@bucket", "s3://bucket?secret=hunter2", "s3://bucket#hunter2", "s3://bucket?region=", "s3://bucket?region=a&region=b",
		"s3://bucket?region=Tokyo%20", "s3://bucket?endpoint=127.0.0.1:7070", "s3://bucket?endpoint=http://u:hunter2@host", "s3://bucket?endpoint=http://host/hunter2",
		"s3://bucket?endpoint=http://host?hunter2", "s3://bucket?%zz",
	} {
		if got, ok := config.ParseFiles(value); ok {
			t.Errorf("ParseFiles(%q) = %+v", value, got)
		}
		if value == "" {
			continue // the folder in the data folder
		}
		_, err := config.Resolve(nil, environment(map[string]string{"ENISHI_FILES_URL": value}))
		if err == nil || !strings.Contains(err.Error(), "file:///PATH of a folder, or s3://BUCKET[/PREFIX]") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Resolve of %q = %v", value, err)
		}
	}
}
