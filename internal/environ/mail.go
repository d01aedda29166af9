package environ

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"enishi/internal/config"
)

// mailName is what the names of the mail server's secret begin with in the stack base. The
// template makes it with a text that is no URL, and no task starts with that.
const mailName, mailType = "DataMail", "AWS::SecretsManager::Secret"

// mailed says whether the environment has the URL of a mail server, or is given one.
func (w *work) mailed(ctx context.Context) (Check, bool, error) {
	c := Check{What: "mail server", Is: Good, Note: "its URL is in its secret"}
	wanted := false
	for name, r := range w.o.Wanted.Templates[0].resources {
		wanted = wanted || r.Type == mailType && strings.HasPrefix(name, mailName)
	}
	if !wanted {
		return c, false, nil
	}
	_, there, err := w.mailURL(ctx)
	_, given := config.ParseMail(w.o.Mail)
	switch {
	case denied(err):
		c.Is, c.Note = Unknown, "AWS does not say: secretsmanager:GetSecretValue is not allowed"
	case err != nil:
		return c, true, err
	case there:
	case given:
		c.Note = "its URL is put into its secret, which has none"
	default:
		c.Is, c.Note = Bad, "its secret has no URL, without which no task starts: give it as ENISHI_MAIL_URL (smtp://USER:PASSWORD@HOST:PORT, such as Amazon SES's with a password for SMTP)"
	}
	return c, true, nil
}

// mailURL gives the secret's ARN, "" if there is none yet, and whether a URL is in it.
func (w *work) mailURL(ctx context.Context) (string, bool, error) {
	arn, err := w.made(ctx, mailType, mailName)
	if err != nil || arn == "" {
		return "", false, err
	}
	out, err := w.account.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if errors.As(err, new(*secrettypes.ResourceNotFoundException)) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read the secret of the mail server: %w", err)
	}
	_, is := config.ParseMail(aws.ToString(out.SecretString))
	return arn, is, nil
}

// mail puts the URL into its secret, where there is none yet: one that is there stays.
func (w *work) mail(ctx context.Context) error {
	if w.o.Mail == "" {
		return nil
	}
	arn, there, err := w.mailURL(ctx)
	if err != nil || there || arn == "" {
		return err
	}
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	if _, err := w.account.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: &w.o.Mail}); err != nil {
		return fmt.Errorf("put the URL of the mail server into its secret: %w", err)
	}
	return nil
}
