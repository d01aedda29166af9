package deploytest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// object keeps texts as S3 does, with conditional writes.
func (a *Account) object(r *http.Request, body []byte) *http.Response {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if key == "" {
		return a.bucket(r, bucket, body)
	}
	objects, ok := a.whole(bucket)
	if !ok {
		return answerError(r, &apiError{"NoSuchBucket", "The specified bucket does not exist", http.StatusNotFound})
	}
	there, ok := objects[key]
	switch r.Method {
	case http.MethodGet:
		if !ok {
			return answerError(r, &apiError{"NoSuchKey", "The specified key does not exist.", http.StatusNotFound})
		}
		out := answerText(r, http.StatusOK, there.text)
		out.Header.Set("ETag", there.etag)
		out.Header.Set("Content-Length", strconv.Itoa(len(there.text)))
		return out
	case http.MethodPut:
		match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
		switch {
		case none == "*" && ok, match != "" && ok && match != there.etag:
			return answerError(r, &apiError{"PreconditionFailed", "At least one of the pre-conditions you specified did not hold", http.StatusPreconditionFailed})
		case match != "" && !ok:
			return answerError(r, &apiError{"NoSuchKey", "The specified key does not exist.", http.StatusNotFound})
		}
		objects[key] = object{body, fmt.Sprintf(`"%d"`, len(a.asked))}
		out := answerText(r, http.StatusOK, nil)
		out.Header.Set("ETag", objects[key].etag)
		return out
	case http.MethodDelete:
		delete(objects, key)
		return answerText(r, http.StatusNoContent, nil)
	}
	return answerError(r, &apiError{"MethodNotAllowed", r.Method, http.StatusMethodNotAllowed})
}

// Sealed gives the secret of the program.
func (a *Account) Sealed() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sealing
}

// HandedOver gives the files of the environment's bucket, by name.
func (a *Account) HandedOver() map[string][]byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[string][]byte{}
	for name, o := range a.buckets[Files] {
		out[name] = o.text
	}
	return out
}

// Hand puts a file into it.
func (a *Account) Hand(name string, text []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.buckets[Files][name] = object{text, "handed"}
}

// describeLogGroups gives those that no stack has, and those of the stack base, in order.
func (a *Account) describeLogGroups(in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	out := &cloudwatchlogs.DescribeLogGroupsOutput{}
	for _, name := range a.logs {
		if strings.HasPrefix(name, aws.ToString(in.LogGroupNamePrefix)) {
			out.LogGroups = append(out.LogGroups, logtypes.LogGroup{LogGroupName: &name})
		}
	}
	out.LogGroups = append(out.LogGroups, a.groupsOf(aws.ToString(in.LogGroupNamePrefix))...)
	return out, nil
}

func (a *Account) deleteLogGroup(in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	if !slices.Contains(a.logs, aws.ToString(in.LogGroupName)) {
		return nil, refuse("ResourceNotFoundException", "The specified log group does not exist.")
	}
	a.logs = slices.DeleteFunc(a.logs, func(name string) bool { return name == aws.ToString(in.LogGroupName) })
	return &cloudwatchlogs.DeleteLogGroupOutput{}, nil
}
