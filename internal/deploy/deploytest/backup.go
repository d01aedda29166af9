package deploytest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/smithy-go"
)

// copies is what AWS Backup knows of the database.
type copies struct {
	plan    types.BackupPlan
	chosen  []types.BackupSelectionsListMember
	jobs    []*copyJob
	vaulted int // jobs whose copies lie in the vault already
}

// copyJob is one of AWS Backup.
type copyJob struct {
	in      backup.StartBackupJobInput
	id      string
	planned bool
	made    time.Time
	takes   time.Duration
	fails   string
}

// How long a job waits here until it is pending and until it runs, and takes in all.
const (
	copyPends = 7 * time.Second
	copyWaits = 20 * time.Second
	copyTakes = 3 * time.Minute
)

// What the plan of the environment makes copies by.
const (
	vaultName = "BackupVault1"
	planName  = "BackupPlan1"
	copyRole  = "arn:aws:iam::" + number + ":role/copies"
	copyDays  = 35
	copyAgo   = 4 * time.Hour // the newest one
)

func (a *Account) newCopies() *copies {
	c := &copies{
		plan: types.BackupPlan{BackupPlanName: aws.String("Plan"), Rules: []types.BackupRule{{
			RuleName: aws.String("daily"), TargetBackupVaultName: aws.String(vaultName), Lifecycle: &types.Lifecycle{DeleteAfterDays: aws.Int64(copyDays)},
			StartWindowMinutes: aws.Int64(480), CompletionWindowMinutes: aws.Int64(10080), RecoveryPointTags: map[string]string{"project": "enishi"},
		}}},
		chosen: []types.BackupSelectionsListMember{{BackupPlanId: aws.String(planName), SelectionId: aws.String("selection-1"), SelectionName: aws.String("All"), IamRoleArn: aws.String(copyRole)}},
	}
	c.jobs = []*copyJob{a.plannedJob(time.Now().Add(-copyAgo))}
	c.vaulted = 1 // and has expired here
	return c
}

// plannedJob is one that the plan has begun at a moment.
func (a *Account) plannedJob(at time.Time) *copyJob {
	return &copyJob{in: backup.StartBackupJobInput{BackupVaultName: aws.String(vaultName), IamRoleArn: aws.String(copyRole), ResourceArn: aws.String(a.rdsARN("enishi-" + a.Environment))}, id: "planned-" + strconv.FormatInt(at.Unix(), 10), planned: true, made: at, takes: copyTakes}
}

// Planned has the plan begin a copy now.
func (a *Account) Planned() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parts.copies.jobs = append(a.parts.copies.jobs, a.plannedJob(time.Now()))
}

// Replan has somebody change the plan by which copies are made, and what it chooses.
func (a *Account) Replan(change func(plan *types.BackupPlan, chosen *[]types.BackupSelectionsListMember)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.parts.copies.plan, &a.parts.copies.chosen)
}

// Vaulted gives the copies that are ready and that no plan has begun.
func (a *Account) Vaulted() (out []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range a.parts.copies.jobs {
		if !j.planned && j.state() == types.BackupJobStateCompleted {
			out = append(out, fmt.Sprintf("in %s for %d days", *j.in.BackupVaultName, aws.ToInt64(j.in.Lifecycle.DeleteAfterDays)))
		}
	}
	return out
}

func (j *copyJob) state() types.BackupJobState {
	switch age := time.Since(j.made); {
	case age < copyPends:
		return types.BackupJobStateCreated
	case age < copyWaits:
		return types.BackupJobStatePending
	case age < j.takes:
		return types.BackupJobStateRunning
	case j.fails != "":
		return types.BackupJobStateFailed
	}
	return types.BackupJobStateCompleted
}

// advanceCopies puts what is ready into the vault.
func (a *Account) advanceCopies() {
	if a.parts == nil {
		return
	}
	for c := a.parts.copies; c.vaulted < len(c.jobs) && time.Since(c.jobs[c.vaulted].made) >= c.jobs[c.vaulted].takes; c.vaulted++ {
		if j := c.jobs[c.vaulted]; j.fails == "" {
			a.points = append(a.points, j.point())
		}
	}
}

func (j *copyJob) point() string {
	return "arn:aws:rds:" + Region + ":" + number + ":cluster-snapshot:awsbackup:" + j.id
}

// isCopies says whether a request is one to AWS Backup.
func isCopies(r *http.Request) bool {
	return slices.ContainsFunc([]string{jobsPath, plansPath, vaultsPath, settingsPath}, func(prefix string) bool { return strings.HasPrefix(r.URL.Path, prefix) })
}

// backedUp answers for AWS Backup about jobs and plans.
func (a *Account) backedUp(r *http.Request, body []byte) *http.Response {
	if a.parts == nil {
		return answerError(r, refuse("ResourceNotFoundException", "%s", r.URL.Path))
	}
	var out smithy.Serializable
	var err error
	jobs := a.parts.copies.jobs
	switch id, isJob := strings.CutPrefix(r.URL.Path, jobsPath+"/"); {
	case isJob && id != "":
		n := slices.IndexFunc(jobs, func(j *copyJob) bool { return j.id == id })
		if n < 0 {
			return answerError(r, refuse("ResourceNotFoundException", "no job %s", id))
		}
		out = jobs[n].describe()
	case strings.HasPrefix(r.URL.Path, jobsPath) && r.Method == http.MethodPut:
		out, err = a.startCopy(body)
	case strings.HasPrefix(r.URL.Path, jobsPath):
		out = a.listCopies(r.URL.Query().Get("resourceArn"), r.URL.Query().Get("backupVaultName"), len(r.URL.Query().Get("nextToken")))
	case strings.TrimSuffix(r.URL.Path, "/") == plansPath+planName+"/selections":
		out = &backup.ListBackupSelectionsOutput{BackupSelectionsList: a.parts.copies.chosen}
	case strings.TrimSuffix(r.URL.Path, "/") == plansPath+planName && a.parts.copies.plan.BackupPlanName != nil:
		out = &backup.GetBackupPlanOutput{BackupPlanId: aws.String(planName), BackupPlan: &a.parts.copies.plan}
	default:
		err = refuse("ResourceNotFoundException", "%s", r.URL.Path)
	}
	if err != nil {
		return answerError(r, err)
	}
	return answerJSON(r, out)
}

// startCopy begins a job; the same token is the same job.
func (a *Account) startCopy(body []byte) (*backup.StartBackupJobOutput, error) {
	var in backup.StartBackupJobInput
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("InvalidRequestException", "%v", err)
	}
	c := a.parts.copies
	for _, j := range c.jobs {
		if j.in.IdempotencyToken != nil && aws.ToString(j.in.IdempotencyToken) == aws.ToString(in.IdempotencyToken) {
			return &backup.StartBackupJobOutput{BackupJobId: &j.id}, nil
		}
		if s := j.state(); s != types.BackupJobStateCompleted && s != types.BackupJobStateFailed {
			a.fault("a copy is begun while job %s is %s", j.id, s)
		}
	}
	rule := &types.BackupRule{}
	if len(c.plan.Rules) > 0 {
		rule = &c.plan.Rules[0]
	}
	const least = 60 // minutes
	switch {
	case aws.ToString(in.BackupVaultName) != vaultName || aws.ToString(in.ResourceArn) != a.rdsARN("enishi-"+a.Environment):
		return nil, refuse("ResourceNotFoundException", "%s of %s", aws.ToString(in.BackupVaultName), aws.ToString(in.ResourceArn))
	case aws.ToString(in.IamRoleArn) != copyRole || in.StartWindowMinutes != nil && *in.StartWindowMinutes < least:
		return nil, refuse("InvalidParameterValueException", "%s, %d", aws.ToString(in.IamRoleArn), aws.ToInt64(in.StartWindowMinutes))
	case aws.ToString(in.IdempotencyToken) == "":
		a.fault("a copy is begun by no token: where its answer is lost, another is begun")
	case in.Lifecycle == nil || aws.ToInt64(in.Lifecycle.DeleteAfterDays) != aws.ToInt64(rule.Lifecycle.DeleteAfterDays) || in.RecoveryPointTags["project"] != "enishi":
		a.fault("a copy is kept otherwise than those of the plan")
	}
	j := &copyJob{in: in, id: fmt.Sprintf("job-%d", len(c.jobs)), made: time.Now(), takes: cmp.Or(a.CopyTakes, copyTakes), fails: a.Uncopied}
	c.jobs = append(c.jobs, j)
	return &backup.StartBackupJobOutput{BackupJobId: &j.id, CreationDate: &j.made}, nil
}

func (j *copyJob) describe() *backup.DescribeBackupJobOutput {
	out := &backup.DescribeBackupJobOutput{BackupJobId: &j.id, BackupVaultName: j.in.BackupVaultName, ResourceArn: j.in.ResourceArn, IamRoleArn: j.in.IamRoleArn, State: j.state(), CreationDate: &j.made}
	switch out.State {
	case types.BackupJobStateRunning:
		out.PercentDone = aws.String("40.0")
	case types.BackupJobStateFailed:
		out.StatusMessage = &j.fails
	case types.BackupJobStateCompleted:
		out.PercentDone, out.RecoveryPointArn, out.CompletionDate = aws.String("100.0"), aws.String(j.point()), aws.Time(j.made.Add(j.takes))
	}
	return out
}

// listCopies lists the jobs of something into a vault, one on each page and in no order that AWS promises.
func (a *Account) listCopies(of, vault string, page int) *backup.ListBackupJobsOutput {
	var found []types.BackupJob
	for _, j := range a.parts.copies.jobs {
		if of != *j.in.ResourceArn || vault != *j.in.BackupVaultName {
			continue
		}
		one := types.BackupJob{BackupJobId: &j.id, BackupVaultName: j.in.BackupVaultName, ResourceArn: j.in.ResourceArn, State: j.state(), CreationDate: &j.made}
		if j.planned {
			one.CreatedBy = &types.RecoveryPointCreator{BackupPlanId: aws.String(planName), BackupRuleId: aws.String("rule-1")}
		}
		found = append(found, one)
	}
	out := &backup.ListBackupJobsOutput{}
	if page < len(found) {
		out.BackupJobs = found[page : page+1]
	}
	if page+1 < len(found) {
		out.NextToken = aws.String(strings.Repeat("n", page+1))
	}
	return out
}
