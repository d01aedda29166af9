package web

import (
	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/market"
)

// audited says what was done.
//
// long: a table of texts
func audited(w words, what market.Audited) string {
	switch what {
	case market.AuditSignIn:
		return w.Say("ログイン", "Signed in")
	case market.AuditPassword:
		return w.Say("パスワードの変更", "Changed the password")
	case market.AuditReset:
		return w.Say("パスワードの再設定（メール）", "Set a new password by mail")
	case market.AuditSignOutAll:
		return w.Say("すべての端末からログアウト", "Signed out everywhere")
	case market.AuditConfirm:
		return w.Say("メールアドレスの確認", "Confirmed the address")
	case market.AuditAddress:
		return w.Say("確認前のメールアドレスの訂正", "Mended the address before confirming it")
	case market.AuditFound:
		return w.Say("企業の登録", "Registered the company")
	case market.AuditVerify:
		return w.Say("企業の確認", "Verified the company")
	case market.AuditSuspend:
		return w.Say("企業の停止", "Suspended the company")
	case market.AuditFreeNumber:
		return w.Say("法人番号の登録の解除", "Freed the corporate number")
	case market.AuditQuota:
		return w.Say("スカウト数の上限の変更", "Changed the quota of scouts")
	case market.AuditInvite:
		return w.Say("メンバーの招待", "Invited somebody")
	case market.AuditUninvite:
		return w.Say("招待の取り消し", "Revoked an invitation")
	case market.AuditJoin:
		return w.Say("メンバーの参加", "Joined")
	case market.AuditRole:
		return w.Say("役割の変更", "Changed a role")
	case market.AuditRemove:
		return w.Say("メンバーを外した", "Removed a member")
	case market.AuditTokenMake:
		return w.Say("トークンの作成", "Made a token")
	case market.AuditTokenRevoke:
		return w.Say("トークンの無効化", "Revoked a token")
	case market.AuditPublish:
		return w.Say("求人の公開", "Published a position")
	case market.AuditClose:
		return w.Say("求人の終了", "Closed a position")
	case market.AuditScout:
		return w.Say("スカウトの送信", "Sent a scout")
	case market.AuditHire:
		return w.Say("採用", "Hired")
	case market.AuditSayPay:
		return w.Say("企業による年収の登録", "Said the final pay")
	case market.AuditMendPay:
		return w.Say("企業による年収の訂正", "Changed the final pay")
	case market.AuditConfirmPay:
		return w.Say("本人による年収の登録", "Said their own final pay")
	case market.AuditSetAside:
		return w.Say("違反の取り下げ", "Set a breach aside")
	case market.AuditReopenPay:
		return w.Say("年収の確認のやり直し", "Had a final pay said again")
	case market.AuditErase:
		return w.Say("退会", "Left")
	case market.AuditJob:
		return w.Say("ジョブの実行", "Asked for a job")
	case market.AuditOperator:
		return w.Say("運営アカウントの作成", "Made an operator")
	case market.AuditTrialOpen:
		return w.Say("動作検証の開始", "Opened a rehearsal")
	case market.AuditTrialEnd:
		return w.Say("動作検証の終了とデータの削除", "Ended a rehearsal and erased it")
	}
	if text := auditedCommand(w, what); text != "" {
		return text
	}
	return auditedRule(w, what)
}

// auditedCommand is audited of what commands alone do; "" of anything else.
func auditedCommand(w words, what market.Audited) string {
	switch what {
	case market.AuditRemoveOperator:
		return w.Say("運営アカウントの削除", "Removed an operator")
	case market.AuditPlanMaintenance:
		return w.Say("メンテナンスの予告", "Announced maintenance")
	case market.AuditMaintenance:
		return w.Say("メンテナンスの開始", "Began maintenance")
	case market.AuditEndMaintenance:
		return w.Say("メンテナンスの終了または予告の取り消し", "Ended maintenance, or withdrew its plan")
	case market.AuditMigrate:
		return w.Say("データベースのスキーマ更新", "Brought the schema up to date")
	case market.AuditDemo:
		return w.Say("デモデータの読み込み", "Loaded demo data")
	case market.AuditTransfer:
		return w.Say("データベースの移し替え", "Copied the database from another")
	case market.AuditSQL:
		return w.Say("SQLによる照会", "Asked the database by SQL")
	case market.AuditDeploy:
		return w.Say("新しい版のデプロイ", "Deployed a version")
	case market.AuditDeployBack:
		return w.Say("デプロイの巻き戻し", "Took a deployment back")
	case market.AuditEnvironment:
		return w.Say("環境（インフラ）の変更", "Changed the environment")
	}
	return ""
}

// auditedRule is audited of what is done to rules.
func auditedRule(w words, what market.Audited) string {
	switch what {
	case market.AuditMakeRule:
		return w.Say("オファー条件の作成", "Made a rule")
	case market.AuditEditRule:
		return w.Say("オファー条件の変更", "Changed a rule")
	case market.AuditExpireRule:
		return w.Say("オファー条件の期間終了", "A rule's last day passed")
	case market.AuditActivate:
		return w.Say("オファー条件の開始", "Activated a rule")
	case market.AuditPause:
		return w.Say("オファー条件の停止", "Paused a rule")
	case market.AuditBatch:
		return w.Say("オファー送信の確認", "Confirmed a batch")
	}
	return string(what)
}

// auditedOptions are the kinds that a reader may narrow the log to: what commands do is in
// the operators' alone.
func auditedOptions(w words, operators bool) []option {
	var out []option
	for _, what := range market.AuditedKinds() {
		if !operators && auditedCommand(w, what) != "" {
			continue
		}
		out = append(out, option{string(what), audited(w, what)})
	}
	return out
}

func countOf(w words, e market.Noted) string {
	if e.N == 0 {
		return ""
	}
	n := grouped(int(e.N))
	return w.Say("（"+n+"件）", " ("+n+")")
}

// author says who did it, by their address if the reader knows it.
func author(w words, e market.Noted, names map[uuid.UUID]string) string {
	switch {
	case names[e.Who] != "":
		return names[e.Who]
	case e.By != "":
		return e.By
	case e.Account == 0:
		return w.Say("システム", "the installation")
	case e.Machine != "":
		return w.Say("トークン「"+e.Machine+"」", "token “"+e.Machine+"”")
	case e.Who == uuid.Nil:
		return w.Say("退会した人", "somebody who has left")
	}
	kind := map[account.Kind]string{
		account.Candidate: w.Say("求職者 ", "candidate "), account.Member: w.Say("メンバー ", "member "), account.Operator: w.Say("運営 ", "operator "),
	}[e.WhoKind]
	return kind + short(e.Who.String())
}

// short is the end of an id: its beginning is a time that many share.
func short(id string) string {
	if len(id) < 8 {
		return id
	}
	return "…" + id[len(id)-8:]
}

// subject says to what it was done.
func subject(w words, e market.Noted) string {
	name := map[market.Subject]string{
		market.SubjectAccount: w.Say("アカウント ", "account "), market.SubjectCandidate: w.Say("候補者 ", "candidate "),
		market.SubjectCompany: w.Say("企業 ", "company "), market.SubjectPosition: w.Say("求人 ", "position "),
		market.SubjectRule: w.Say("オファー条件 ", "rule "), market.SubjectOffer: w.Say("オファー ", "offer "),
		market.SubjectTrial: w.Say("動作検証 ", "rehearsal "),
	}[e.Kind]
	if e.About == "" {
		return name
	}
	return name + short(e.About)
}

// companyAuditPath is where a company reads its part of the log.
const companyAuditPath = "/company/audit"

// about is the page of what an entry is about, "" where the reader has none.
func (a auditing) about(e market.Noted) string {
	if a.path != companyAuditPath || e.Kind != market.SubjectRule || e.About == "" || e.Title == "" {
		return ""
	}
	return rulesPath + "/" + e.About
}
