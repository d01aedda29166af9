package web

import (
	"fmt"
	"strings"
	"time"

	"enishi/internal/market"
)

// part is how a part of the installation is.
type part struct {
	name, state, class, text string // class: "good", "warn", "bad", or "" for what is not used
}

// What is worth a look: how long the log may be behind, a mail may wait, and a
// snapshot may be old. The first two are those of the alarms in docs/operations.md.
const (
	mostLag     = 5 * time.Second
	mostMailAge = 15 * time.Minute
	mostImage   = 24 * time.Hour
)

// judged gives a part that is well, or needs a look.
func judged(w words, name string, well bool, text string) part {
	if well {
		return part{name, w.Say("正常", "well"), "good", text}
	}
	return part{name, w.Say("要確認", "needs a look"), "bad", text}
}

// unused gives a part that this installation goes without.
func unused(w words, name, text string) part {
	return part{name, w.Say("使用なし", "not used"), "", text}
}

// partsOf says how each part is.
func partsOf(w words, h *market.Health, now time.Time) []part {
	age := func(d time.Duration) string { return tenths(d.Seconds()) + w.Say("秒", " s") }
	log := fmt.Sprintf(w.Say("これまでの変更 %s件。検索への反映の遅れ %s", "%s changes so far. Searches are %s behind"), grouped(int(h.Status.LogHead)), age(h.Lag.AppliedAge))
	out := []part{
		judged(w, w.Say("検索", "Searches"), h.Lag.AppliedAge < mostLag, log),
		judged(w, w.Say("マッチング", "Matching"), h.Lag.MatchedAge < mostLag,
			fmt.Sprintf(w.Say("未処理 %s件。遅れ %s", "%s changes wait, %s behind"), grouped(int(h.Lag.Unmatched)), age(h.Lag.MatchedAge))),
		{w.Say("検索用のデータ", "Data in memory"), w.Say("正常", "well"), "good", fmt.Sprintf(w.Say("求職者 %s人とオファー条件 %s件をメモリに保持（%s MB）", "%s candidates and %s rules, %s MB"),
			grouped(h.Candidates.Entries), grouped(h.Rules.Entries), tenths(float64(h.Candidates.Bytes+h.Rules.Bytes)/1e6))},
	}
	out = append(out, mailPart(w, h, now), jobPart(w, h), snapshotPart(w, h, now), replicaPart(w, h))
	switch {
	case !h.Cached:
		out = append(out, unused(w, "Redis", w.Say("セッションと制限は、プロセスごとに保持しています", "each process keeps its own sessions and limits")))
	case h.CacheUp:
		out = append(out, judged(w, "Redis", true, w.Say("セッションと制限を、全プロセスで共有しています", "sessions and limits are kept for all processes together")))
	default:
		out = append(out, judged(w, "Redis", false, w.Say("応答がありません。その間は、データベースと各プロセスで代わりに保持します", "it does not answer; the database and each process stand in meanwhile")))
	}
	if h.Maintenance.Standing != "" {
		out = append(out, part{w.Say("メンテナンス", "Maintenance"), w.Say("実施中または予定あり", "planned or going on"), "warn", string(h.Maintenance.Standing)})
	}
	return out
}

func mailPart(w words, h *market.Health, now time.Time) part {
	text := w.Say("送信待ちのメールはありません", "no mail waits")
	if h.Mails > 0 {
		text = fmt.Sprintf(w.Say("送信待ち %s通。最も古いものは%s前", "%s mails wait, the oldest for %s"), grouped(h.Mails), waited(w, now, h.OldestMail))
	}
	text += fmt.Sprintf(w.Say("。24時間以内に書かれたもののうち送信済み %s通、送信できず %s通", "; of the last 24 hours %s were sent, %s refused"), grouped(h.Sent), grouped(h.Refused))
	return judged(w, w.Say("メール", "Mail"), h.Mails == 0 || now.Sub(h.OldestMail) < mostMailAge, text)
}

func jobPart(w words, h *market.Health) part {
	text := w.Say("失敗したままのジョブはありません", "no job has failed")
	if len(h.Failing) > 0 {
		text = w.Say("失敗：", "failed: ") + failingNames(w, h.Failing)
	}
	return judged(w, w.Say("ジョブ", "Jobs"), len(h.Failing) == 0, text)
}

func snapshotPart(w words, h *market.Health, now time.Time) part {
	name := w.Say("スナップショット", "Snapshots")
	if h.Snapshot == nil {
		return part{name, w.Say("まだありません", "none yet"), "warn", w.Say("起動のたびに、すべての行を読みます", "a start reads every row")}
	}
	return judged(w, name, h.Snapshot.Outcome != market.Failed && now.Sub(h.Snapshot.Started) < mostImage,
		w.Say("最後の実行 ", "last run ")+w.Time(h.Snapshot.Started)+w.Say("、", ", ")+runState(w, h.Snapshot.Outcome))
}

func replicaPart(w words, h *market.Health) part {
	name := w.Say("読み取り用の複製", "Read replica")
	if !h.HasReplica {
		return unused(w, name, w.Say("すべて本体のデータベースから読んでいます", "everything is read from the database itself"))
	}
	r, many := h.Replica, func(n int64) string { return grouped(int(n)) }
	return judged(w, name, r.Away == 0, fmt.Sprintf(w.Say("応答 %s回、本体が代わりに応答 %s回（未到着 %s、遅れ %s、不通 %s）", "%s answers; the database stood in %s times (not arrived %s, behind %s, away %s)"),
		many(r.Replica), many(r.NotYet+r.Behind+r.Away), many(r.NotYet), many(r.Behind), many(r.Away)))
}

func runState(w words, s market.RunState) string {
	switch s {
	case market.Running:
		return w.Say("実行中", "running")
	case market.Done:
		return w.Say("完了", "done")
	case market.Halted:
		return w.Say("中断（次回続きから）", "stopped, to be gone on with")
	case market.Failed:
		return w.Say("失敗", "failed")
	case market.Interrupted:
		return w.Say("途中で終了", "interrupted")
	}
	return string(s)
}

func runClass(s market.RunState) string {
	switch s {
	case market.Done:
		return "good"
	case market.Failed:
		return "bad"
	}
	return "warn"
}

func failingNames(w words, names []string) string {
	said := make([]string, len(names))
	for i, name := range names {
		said[i] = jobName(w, name)
	}
	return strings.Join(said, w.Say("、", ", "))
}

// jobName says a job by what it does; commands know it by its own name.
func jobName(w words, name string) string {
	switch name {
	case "expire":
		return w.Say("期限切れの処理", "Expiring offers")
	case "statistics":
		return w.Say("集計", "Figures")
	case "digests":
		return w.Say("新着オファーのメール", "Mails about new offers")
	case "retention":
		return w.Say("保存期間を過ぎた行の削除", "Removing rows past their time")
	case "trials":
		return w.Say("期限を過ぎた動作検証のデータの消去", "Erasing rehearsals whose time is over")
	case "trim":
		return w.Say("変更ログの整理", "Trimming the log of changes")
	case "snapshot":
		return w.Say("スナップショットの作成", "Snapshots")
	case "past":
		return w.Say("過去のオファーの集計", "Figures of past offers")
	case "alerts":
		return w.Say("保存した検索の新着メール", "Alerts of saved searches")
	}
	return name
}
