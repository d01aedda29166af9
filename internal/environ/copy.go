package environ

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"

	"enishi/internal/errs"
)

// copyLimit is how long a copy may take until it is ready: AWS Backup begins one within eight hours, and takes
// minutes to hours for it.
const copyLimit = 12 * time.Hour

// copying is what a copy of the database is made by: the plan of the environment, as it is in the account.
type copying struct {
	vault, role, database string
	rule                  types.BackupRule
	token                 string // by which AWS knows an order again
	job                   string // of an earlier run; "": none is known
}

// days is how long a copy is kept.
func (c *copying) days() int64 { return aws.ToInt64(c.rule.Lifecycle.DeleteAfterDays) }

// LookCopy finds out how one more copy of the database is made now, as the plan of the environment makes one every day:
// into the same vault, by the same role, for as many days. It changes nothing. NotFound: there is no vault. Conflict: AWS is
// at one, or the plan is no longer one by which copies expire.
func LookCopy(ctx context.Context, o *Options) (*Step, error) {
	w := newWork(o)
	s, err := w.begin(ctx, "copy")
	if err != nil {
		return nil, err
	}
	c, err := w.planned(ctx)
	if err != nil {
		return nil, err
	}
	s.To = fmt.Sprintf("one more in %s, for %d days", c.vault, c.days())
	halfway, untold := s.again(s.To)
	if untold {
		return s.tellOnly(), nil
	}
	jobs, err := w.copyJobs(ctx, c)
	if err != nil {
		return nil, err
	}
	s.From = "none is ready of the last 30 days" // those are all that AWS lists
	if n := slices.IndexFunc(jobs, ready); n >= 0 {
		s.From = "the newest is of " + aws.ToTime(jobs[n].CreationDate).UTC().Format(time.RFC3339)
	}
	s.Undo = fmt.Sprintf("nothing has to be: it expires in %d days, as the others do.", c.days())
	s.Then = "The database is not touched, and the service knows nothing of it. AWS begins once nothing else is done to the database, and takes minutes, or hours; if this run is ended, the copy goes on, and the same command waits for it."
	c.token = "enishi-copy-" + rand.Text()
	if n := s.theirs(jobs, halfway); n >= 0 {
		c.job, c.token, s.From = aws.ToString(jobs[n].BackupJobId), s.Left.Mark, s.Left.From
	} else if halfway && s.since(jobs) < 0 { // AWS was not told, or does not list it yet
		c.token, s.From = s.Left.Mark, s.Left.From
	} else if n := slices.IndexFunc(jobs, underway); n >= 0 {
		return nil, errs.New(errs.Conflict, fmt.Sprintf("AWS makes a copy already, since %s (job %s, %s): wait for that one", aws.ToTime(jobs[n].CreationDate).UTC().Format(time.RFC3339), aws.ToString(jobs[n].BackupJobId), said(string(jobs[n].State))))
	}
	s.mark = c.token
	s.do = func(ctx context.Context, w *work) error { return w.copyNow(ctx, c) }
	return s, s.mayTake(ctx, w, w.copyNeeds(s.Who, c))
}

// since gives the newest job that was begun by no plan since a run has begun the step that it has left; -1: none.
func (s *Step) since(jobs []types.BackupJob) int {
	if s.Left == nil || !s.Left.Made.IsZero() {
		return -1
	}
	return slices.IndexFunc(jobs, func(j types.BackupJob) bool {
		return (j.CreatedBy == nil || aws.ToString(j.CreatedBy.BackupPlanId) == "") && !aws.ToTime(j.CreationDate).Before(s.Left.Begun.Add(-skew))
	})
}

// theirs gives the job that a run has begun which was killed: one that AWS is still at, however long ago that was, or that
// has made a copy, where the same is asked for a while later. -1: none, or it failed, and another is begun.
func (s *Step) theirs(jobs []types.BackupJob, halfway bool) int {
	if n := s.since(jobs); n >= 0 && s.Left.To == s.To && (underway(jobs[n]) || halfway && ready(jobs[n])) {
		return n
	}
	return -1
}

func ready(j types.BackupJob) bool { return j.State == types.BackupJobStateCompleted }

// underway says whether AWS is at a job, or will be.
func underway(j types.BackupJob) bool {
	return slices.Contains([]types.BackupJobState{types.BackupJobStateCreated, types.BackupJobStatePending, types.BackupJobStateRunning, types.BackupJobStateAborting}, j.State)
}

// planned reads by what the environment's plan makes copies. What was changed of it, and would keep a copy for ever or
// put it elsewhere, is not gone by.
func (w *work) planned(ctx context.Context) (*copying, error) {
	c := &copying{}
	var plan string
	for _, part := range []struct {
		of         *string
		kind, name string
	}{{&c.vault, "AWS::Backup::BackupVault", "BackupVault"}, {&plan, "AWS::Backup::BackupPlan", "BackupPlan"}} {
		var err error
		if *part.of, err = w.made(ctx, part.kind, part.name); err != nil {
			return nil, err
		}
	}
	if c.vault == "" || plan == "" {
		return nil, errs.New(errs.NotFound, "there is no vault, or no plan by which copies are made: is the environment whole? enishi env up makes it so")
	}
	db, err := w.mainCluster(ctx)
	if err != nil {
		return nil, err
	}
	c.database = aws.ToString(db.DBClusterArn)
	changed := func(what string) error {
		return errs.New(errs.Conflict, fmt.Sprintf("the plan %s %s: enishi env plan %s shows what was changed, which is put back first", plan, what, w.o.Environment))
	}
	out, err := w.account.backup.GetBackupPlan(ctx, &backup.GetBackupPlanInput{BackupPlanId: &plan})
	if errors.As(err, new(*types.ResourceNotFoundException)) {
		return nil, changed("is gone")
	}
	if err != nil {
		return nil, fmt.Errorf("read the plan of copies %s: %w", plan, err)
	}
	n := slices.IndexFunc(out.BackupPlan.Rules, func(r types.BackupRule) bool {
		return aws.ToString(r.TargetBackupVaultName) == c.vault && r.Lifecycle != nil && aws.ToInt64(r.Lifecycle.DeleteAfterDays) > 0
	})
	if n < 0 {
		return nil, changed("puts no copies into " + c.vault + " that expire, and one that does not would hold people who were erased since")
	}
	c.rule = out.BackupPlan.Rules[n]
	if c.role, err = w.copier(ctx, plan); err == nil && c.role == "" {
		err = changed("does not choose the database any more, by its selection " + selection)
	}
	return c, err
}

// selection is what the templates call the plan's choice of what is copied.
const selection = "All"

// copier gives the role that makes copies by a plan; "": the plan chooses nothing any more.
func (w *work) copier(ctx context.Context, plan string) (string, error) {
	pages := backup.NewListBackupSelectionsPaginator(w.account.backup, &backup.ListBackupSelectionsInput{BackupPlanId: &plan})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("list what the plan %s copies: %w", plan, err)
		}
		for i := range page.BackupSelectionsList {
			if s := &page.BackupSelectionsList[i]; aws.ToString(s.SelectionName) == selection {
				return aws.ToString(s.IamRoleArn), nil
			}
		}
	}
	return "", nil
}

// copyJobs lists the jobs that copy the database into the vault, the newest first.
func (w *work) copyJobs(ctx context.Context, c *copying) (out []types.BackupJob, err error) {
	pages := backup.NewListBackupJobsPaginator(w.account.backup, &backup.ListBackupJobsInput{ByResourceArn: &c.database, ByBackupVaultName: &c.vault})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the copies that AWS makes: %w", err)
		}
		out = append(out, page.BackupJobs...)
	}
	slices.SortStableFunc(out, func(x, y types.BackupJob) int {
		return aws.ToTime(y.CreationDate).Compare(aws.ToTime(x.CreationDate))
	})
	return out, nil
}

// copyNow has AWS make a copy, unless an earlier run has, and waits until it is ready.
func (w *work) copyNow(ctx context.Context, c *copying) error {
	shown := ""
	return w.await(ctx, "the copy of the database", copyLimit, func(ctx context.Context) (bool, error) {
		if c.job == "" {
			var err error
			c.job, err = w.beginCopy(ctx, c)
			return false, err
		}
		j, err := w.account.backup.DescribeBackupJob(ctx, &backup.DescribeBackupJobInput{BackupJobId: &c.job})
		if err != nil {
			return false, lasting(fmt.Errorf("look at the copy (job %s): %w", c.job, err))
		}
		state := "job " + c.job + " is " + said(string(j.State))
		if done := strings.TrimSuffix(aws.ToString(j.PercentDone), "%"); done != "" && j.State == types.BackupJobStateRunning {
			state += ", " + done + " %"
		}
		if state != shown {
			w.tell("copy", state, -1)
			shown = state
		}
		switch now := (types.BackupJob{State: j.State}); {
		case ready(now):
			return true, nil
		case underway(now):
			return false, nil
		}
		return false, final{errs.New(errs.Conflict, fmt.Sprintf("AWS made no copy: job %s is %s (%s). Once its cause is mended, the same command begins another", c.job, said(string(j.State)), cmp.Or(aws.ToString(j.StatusMessage), "it says no more")))}
	})
}

// beginCopy has AWS begin a copy and gives its job: the same one for the same token.
func (w *work) beginCopy(ctx context.Context, c *copying) (string, error) {
	out, err := w.account.backup.StartBackupJob(ctx, &backup.StartBackupJobInput{
		BackupVaultName: &c.vault, ResourceArn: &c.database, IamRoleArn: &c.role, IdempotencyToken: &c.token, Lifecycle: c.rule.Lifecycle,
		RecoveryPointTags: c.rule.RecoveryPointTags, StartWindowMinutes: c.rule.StartWindowMinutes, CompleteWindowMinutes: c.rule.CompletionWindowMinutes,
	})
	if err == nil {
		return aws.ToString(out.BackupJobId), nil
	}
	err = fmt.Errorf("have AWS begin a copy: %w", err)
	if errors.As(err, new(*types.InvalidParameterValueException)) || errors.As(err, new(*types.InvalidRequestException)) || errors.As(err, new(*types.MissingParameterValueException)) || errors.As(err, new(*types.ResourceNotFoundException)) {
		return "", final{err}
	}
	return "", lasting(err)
}
