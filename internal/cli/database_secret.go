package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"enishi/internal/errs"
)

// Of a secret that is being changed there are two versions: the next one is pending until
// the database takes it and it has been tried.
const (
	presentVersion = "AWSCURRENT"
	nextVersion    = "AWSPENDING"
)

// How long Secrets Manager may take for one answer, and how often it is asked.
const (
	secretTime  = 2 * time.Second
	secretTries = 2
)

// otherPassword gives what reads a password anew, or nil where there is no secret. It asks
// nobody yet.
func otherPassword(ctx context.Context, arn string) (func(ctx context.Context, refused string) (string, error), error) {
	if arn == "" {
		return nil, nil
	}
	const ofRegion = 3 // arn:aws:secretsmanager:REGION:...
	c, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(strings.Split(arn, ":")[ofRegion]),
		awsconfig.WithHTTPClient(http.NewBuildableClient().WithTimeout(secretTime)),
		awsconfig.WithRetryer(func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), secretTries) }))
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "what is set up for AWS here cannot be read", err)
	}
	s := databaseSecret{secretsmanager.NewFromConfig(c), arn}
	return s.other, nil
}

// databaseSecret is a secret in Secrets Manager, as RDS writes those that it changes.
type databaseSecret struct {
	client *secretsmanager.Client
	arn    string
}

// other gives the present password, or the next one if the present one was refused: the
// database takes that from some moment of a rotation on.
func (s databaseSecret) other(ctx context.Context, refused string) (string, error) {
	for _, version := range []string{presentVersion, nextVersion} {
		password, err := s.read(ctx, version)
		if none := new(types.ResourceNotFoundException); version == nextVersion && errors.As(err, &none) {
			break
		}
		if err != nil {
			return "", err
		}
		if password != refused {
			slog.InfoContext(ctx, "the database's password was read anew, since it was refused", "version", version)
			return password, nil
		}
	}
	return refused, nil
}

func (s databaseSecret) read(ctx context.Context, version string) (string, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.arn, VersionStage: &version})
	if err != nil {
		return "", fmt.Errorf("read %s of the secret %s: %w", version, s.arn, err)
	}
	var secret struct{ Password string }
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &secret); err != nil || secret.Password == "" {
		return "", fmt.Errorf("read %s of the secret %s: there is no password in it", version, s.arn) // never what was found
	}
	return secret.Password, nil
}
