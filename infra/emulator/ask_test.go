package emulator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The services that are asked, and how each wants it: by a form and its version, by JSON
// and the prefix of a target, or by the path alone (no entry). The SDK has a package for
// each; that of EC2 alone takes longer to compile than all of this to run.
var (
	versions = map[string]string{
		"ec2": "2016-11-15", "iam": "2010-05-08", "elasticloadbalancing": "2015-12-01", "sns": "2010-03-31", "rds": "2014-10-31",
		"autoscaling": "2011-01-01", "monitoring": "2010-08-01",
	}
	targets = map[string]string{
		"kms": "TrentService", "ecs": "AmazonEC2ContainerServiceV20141113", "logs": "Logs_20140328", "ssm": "AmazonSSM",
		"ecr": "AmazonEC2ContainerRegistry_V20150921", "acm": "CertificateManager", "sqs": "AmazonSQS", "events": "AWSEvents",
	}
)

// ask asks a service for an action, with arguments as KEY=VALUE; a value in brackets is a
// list of one, that of a key with # before it a number. Where the service goes by paths, the action is METHOD PATH.
func (s *server) ask(ctx context.Context, service, action string, args ...string) (any, error) {
	request, body, err := s.request(ctx, service, action, args)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	request.Header.Set("X-Amz-Content-Sha256", hash)
	if err := v4.NewSigner().SignHTTP(ctx, nobody, request, hash, service, region, time.Now()); err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(reply.Body)
	if err := errors.Join(err, reply.Body.Close()); err != nil {
		return nil, err
	}
	if reply.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("%s %s %v: %s: %.300s", service, action, args, reply.Status, text)
	}
	out, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s %s %v: %w", service, action, args, err)
	}
	return out, nil
}

func (s *server) request(ctx context.Context, service, action string, args []string) (*http.Request, []byte, error) {
	method, path, kind := http.MethodPost, "/", ""
	var body []byte
	header := http.Header{}
	if version := versions[service]; version != "" {
		form := url.Values{"Action": {action}, "Version": {version}}
		for _, arg := range args {
			key, value, _ := strings.Cut(arg, "=")
			form.Set(key, value)
		}
		kind, body = "application/x-www-form-urlencoded", []byte(form.Encode())
	} else if target := targets[service]; target != "" {
		values := map[string]any{}
		for _, arg := range args {
			key, value, _ := strings.Cut(arg, "=")
			values[key] = value
			if name, number := strings.CutPrefix(key, "#"); number {
				delete(values, key)
				values[name] = json.Number(value)
			}
			if inner, list := strings.CutPrefix(value, "["); list {
				values[key] = []string{strings.TrimSuffix(inner, "]")}
			}
		}
		text, err := json.Marshal(values)
		if err != nil {
			return nil, nil, err
		}
		header.Set("X-Amz-Target", target+"."+action)
		kind, body = "application/x-amz-json-1.1", text
	} else {
		method, path, _ = strings.Cut(action, " ")
		body = []byte(strings.Join(args, ""))
	}
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header = header
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	return request, body, nil
}

// decode gives what JSON or XML holds as maps, lists and texts.
func decode(text []byte) (any, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return map[string]any{}, nil
	}
	if text[0] == '{' || text[0] == '[' {
		var out any
		err := json.Unmarshal(text, &out)
		return out, err
	}
	var root element
	if err := xml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	return root.value(), nil
}

// element is one of XML, whatever it is named.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}

// value gives a list where children are called item or member, or share their name.
func (e element) value() any {
	if len(e.Children) == 0 {
		return strings.TrimSpace(e.Text)
	}
	if name := e.Children[0].XMLName.Local; name == "item" || name == "member" {
		var list []any
		for _, c := range e.Children {
			list = append(list, c.value())
		}
		return list
	}
	out := map[string]any{}
	for _, c := range e.Children {
		name, value := c.XMLName.Local, c.value()
		switch before := out[name].(type) {
		case nil:
			out[name] = value
		case []any:
			out[name] = append(before, value)
		default:
			out[name] = []any{before, value}
		}
	}
	return out
}
