package alarm

import (
	"maps"
	"slices"
)

// Words are a text in both languages.
type Words struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

// text is what is said of an alarm: what is wrong, and what to do first.
type text struct{ symptom, first Words }

// texts gives what is said of each alarm, by its name.
func texts() map[string]text {
	all := burning()
	maps.Copy(all, others())
	maps.Copy(all, elsewhere())
	return all
}

// burning gives the texts of alarms about promises.
func burning() map[string]text {
	return map[string]text{
		"AvailabilityFast": {
			Words{"多くのリクエストが失敗しています。利用者の画面にエラーが出ています。", "Many requests fail: people see an error instead of their page."},
			Words{"デプロイの直後なら、前のバージョンに戻します。そうでなければ、エラーを返しているのがロードバランサーかWebプロセスかを確かめます。", "After a deploy, go back to the version before; otherwise see who answers with errors, the load balancer or a web process."},
		},
		"AvailabilitySlow": {
			Words{"約束した水準を超えてリクエストが失敗しています。何時間も前から、一部の利用者にエラーが出ています。", "More requests fail than we promised: some people see errors, for hours."},
			Words{"1つのプロセスだけなら、入れ替えます。デプロイ以来1つのページだけなら、前のバージョンに戻します。", "One process only: replace it. One route since a deploy: go back to the version before."},
		},
		"AvailabilityBudget": {
			Words{"リクエストの失敗がわずかに多くなっています。このままでは、1か月に許されるエラーを月末までに使い切ります。", "Requests fail a little too often: the errors of a month are used up before it ends."},
			Words{"エラーの多いページを調べ、それぞれ不具合として記録します。", "Find the routes that stand out, and file a fault for each."},
		},
		"LatencyFast": {
			Words{"ページの表示が遅くなっています。多くのリクエストが300ミリ秒を超えています。", "Pages are slow: many requests take longer than 300 ms."},
			Words{"デプロイの直後なら、前のバージョンに戻します。そうでなければ、データベースでほかの処理を待たせているSQLを探します。", "After a deploy, go back to the version before; otherwise look for a statement that holds up the others in the database."},
		},
		"LatencySlow": {
			Words{"ページの遅い状態が何時間も続いています。300ミリ秒を超えるリクエストが、約束した水準より多くなっています。", "Pages have been slow for hours: more requests than we promised take longer than 300 ms."},
			Words{"遅いプロセスが1つだけなら、入れ替えます。負荷が増えていれば、Webプロセスを増やします。", "One slow process: replace it. More load than before: add web processes."},
		},
		"LatencyBudget": {
			Words{"ページがわずかに遅くなっています。このままでは、1か月に許される遅いリクエストを月末までに使い切ります。", "Pages are slow a little too often: the slow requests of a month are used up before it ends."},
			Words{"遅いページを調べ、遅いリクエストのトレースを添えて不具合として記録します。", "File a fault for the slow routes, with a trace of a slow request."},
		},
		"SignUpFast": {
			Words{"登録した人がオファーを待たされているか、オファーのない画面を見ています。", "Who signs up waits for their offers, or gets an answer without them."},
			Words{"LatencyFast も出ていれば、そちらから始めます。そうでなければ、ほかの処理を待たせているトランザクションを探します。", "If LatencyFast fires too, begin there; otherwise look for a transaction that holds up the others."},
		},
		"SignUpSlow": {
			Words{"登録時にオファーを待たされる人が、何時間も前から約束した水準より多くなっています。", "For hours, more people than we promised signed up and waited for their offers."},
			Words{"遅いプロセスが1つだけなら、入れ替えます。どれも遅ければ、データベースを調べます。", "One process lags: replace it. All do: look at the database."},
		},
		"SignUpBudget": {
			Words{"登録時のオファーがわずかに遅れがちです。このままでは、1か月に許される遅れを月末までに使い切ります。", "Sign-ups are late a little too often: the late ones of a month are used up before it ends."},
			Words{"遅れの多い時間帯を調べ、その時間に動いているほかの処理をずらします。", "Find the hour in which sign-ups are late, and move what else runs then."},
		},
		"MatchingFast": {
			Words{"オファーが遅れています。求職者や企業が変えた内容が、マッチングに反映されていません。", "Offers are late: what people and companies change is not matched."},
			Words{"ワーカーが動いているか確かめます。固まっていれば止めます。5秒以内に別のワーカーが引き継ぎます。", "See whether a worker leads; stop one that hangs, and another leads within five seconds."},
		},
		"MatchingSlow": {
			Words{"何時間も前から、オファーの遅れが約束した水準より多くなっています。", "For hours, offers have been late more often than we promised."},
			Words{"ルールを変え続けている企業がないか、監査ログで確かめます。ワーカーのCPUが足りなければ増やします。", "See in the audit log whether a company changes its rules all the time; give the worker more cores if they are used up."},
		},
		"MatchingBudget": {
			Words{"オファーがわずかに遅れがちです。このままでは、1か月に許される遅れを月末までに使い切ります。", "Offers are late a little too often: the late minutes of a month are used up before it ends."},
			Words{"遅れた時間帯と、そのときのワーカーのログを添えて、不具合として記録します。", "File a fault with the hours and the workers' lines of them."},
		},
	}
}

// others gives the texts of the other alarms of an installation.
func others() map[string]text {
	return map[string]text{
		"Unreachable": {
			Words{"サービスに誰もつながりません。Webプロセスがすべて止まっているか、ロードバランサーが応答していません。", "Nobody reaches the service: no web process takes requests, or the load balancer is away."},
			Words{"データベースとWebプロセスが動いているか確かめます。デプロイの直後なら、前のバージョンに戻します。", "See whether the database and the web processes are up; after a deploy, go back to the version before."},
		},
		"MailStuck": {
			Words{"メールがまったく送れていません。登録した人に確認コードが届かず、新しいオファーの通知も届きません。", "No mail leaves: who signs up gets no code, and nobody hears of new offers."},
			Words{"メールサーバーが何と返しているか、ワーカーのログで確かめます。止まっていれば、別のメールサーバーに切り替えます。", "Read in the workers' log what the mail server answers; if it is away, change to another."},
		},
		"StorageForecast": {
			Words{"この1週間の増え方が続くと、30日以内にストレージの上限に達します。", "In less than 30 days, storage is full, if it goes on as in the last week."},
			Words{"何が増えているかを調べ、要らないものを消します。ジョブ trim が止まっていないかも確かめます。", "Find what grows and remove what is not needed; see that the job trim has not stopped."},
		},
		"ConnectionsForecast": {
			Words{"この1週間の増え方が続くと、30日以内にデータベースの接続数が上限に達します。", "In less than 30 days, what the database server allows of connections is full, if it goes on as in the last week."},
			Words{"どこからの接続かを調べ、要らないものを切ります。", "See whose connections they are, and end those that are not needed."},
		},
		"MemoryForecast": {
			Words{"この1週間の増え方が続くと、30日以内にプロセスのメモリーが上限に達します。", "In less than 30 days, the memory of a process is full, if it goes on as in the last week."},
			Words{"データの増加か、メモリーリークかを見分けます。増加なら上限を上げ、リークならプロセスを順に入れ替えます。", "Tell growth from a leak: for growth raise the limit, for a leak replace the processes one after another."},
		},
		"LogsForecast": {
			Words{"この1週間の増え方が続くと、30日以内にログのディスクがいっぱいになります。", "In less than 30 days, the disk of the logs is full, if it goes on as in the last week."},
			Words{"ログのレベルが debug のままになっていれば、info に戻します。", "If the log level was left at debug, set it back to info."},
		},
		"ProcessMissing": {
			Words{"プロセスが15分前から欠けています。その分の処理は、ほかのプロセスが引き受けています。", "A process has been away for a quarter of an hour; the others do its work."},
			Words{"そのプロセスのログの最後の行を読みます。ECSでは、サービスのイベントも確かめます。", "Read the last line of its log; on ECS, the service's events too."},
		},
		"RedisAway": {
			Words{"Redisが応答しません。利用制限はプロセスごとの計算になり、セッションはデータベースから読まれています。", "Redis does not answer: limits are each process's own, and sessions are read from the database."},
			Words{"Redisが動いているか確かめ、止まっていれば立て直します。中身は空のままでかまいません。", "See whether Redis is up, and bring it back; it may begin empty."},
		},
		"JobsLate": {
			Words{"定期ジョブが、予定の時刻を1時間以上過ぎても始まらないか、失敗したままです。", "A scheduled job has been due for an hour and has not begun, or has failed and not run well since."},
			Words{"enishi job list で、該当するジョブと、前回どう終わったかを確かめます。", "See in enishi job list which job it is, and how its last run ended."},
		},
	}
}

// elsewhere gives the texts of what Elsewhere lists.
func elsewhere() map[string]text {
	return map[string]text{
		"Budget": {
			Words{"今月のAWSの費用が予算に近づいているか、予算を超える見込みです。", "What AWS costs this month comes near the budget, or is forecast to go beyond it."},
			Words{"Cost Explorerで、先月より増えたサービスを調べます。", "See in Cost Explorer which service costs more than last month."},
		},
		"BackupFailed": {
			Words{"データベースの毎日のバックアップを作成できませんでした。", "The daily copy of the database could not be made."},
			Words{"AWS Backupのバックアップジョブに書かれている理由を読みます。", "Read in the backup job of AWS Backup why."},
		},
		"BackupLate": {
			Words{"データベースのバックアップが、1日以上作成されていません。", "For more than a day, no copy of the database was made."},
			Words{"AWS Backupのバックアップジョブの一覧で、最後のジョブがいつで、どう終わったかを確かめます。", "See among the backup jobs of AWS Backup when the last one was, and how it ended."},
		},
		"RestoreFailed": {
			Words{"データベースのバックアップを試しに復元しましたが、失敗しました。", "A copy of the database could not be restored when that was rehearsed."},
			Words{"AWS Backupの復元ジョブに書かれている理由を読みます。", "Read in the restore job of AWS Backup why."},
		},
		"EdgeAway": {
			Words{"外部からサービスの名前で確認しても、応答がありません。利用者もつながらないと考えられます。", "Asked from outside by its name, the service does not answer: most likely nobody reaches it."},
			Words{"Unreachableも出ていれば、その手順に従います。出ていなければ、CloudFront、証明書、DNSの順に確かめます。", "If Unreachable is on as well, follow its page; otherwise look at CloudFront, then at the certificate, then at DNS."},
		},
		"ArchiveLate": {
			Words{"ログがアーカイブに届いていません。", "Logs do not reach the archive."},
			Words{"Firehoseのエラーのログを読み、バケットと鍵を使う権限があるか確かめます。", "Read the errors of the delivery stream, and see whether it may use the bucket and its key."},
		},
		"Untold": {
			Words{"アラームの通知が、どの宛先にも送れませんでした。", "An alarm was told to nobody: no channel took it."},
			Words{"CloudWatchでほかのアラームを確かめ、それから通知の関数のログを読みます。", "Look at the other alarms in CloudWatch, then read the log of the function that tells of them."},
		},
	}
}

// Unit is what the figure of an alarm counts.
type Unit string

// The units.
const (
	Share Unit = "share" // of 1
	Days  Unit = "days"
	Count Unit = "count"
)

// Figure is what an alarm compares with its threshold.
type Figure struct {
	Words
	Unit Unit `json:"unit"`
}

func (b burn) figure() Figure { return Figure{b.objective.Bad, Share} }

func (forecast) figure() Figure {
	return Figure{Words{"いっぱいになるまでの日数", "Days until it is full"}, Days}
}

func (s state) figure() Figure { return Figure{s.alarm.figure, Count} }

// Elsewhere gives what people are told of on AWS beside the alarms: costs, by AWS Budgets,
// a copy of the database or a rehearsal of its restore that failed, by AWS Backup, and by alarms of infra/stacks that the name is not answered from outside, messages that no
// channel took, logs that do not reach the archive, and copies of the database that nobody makes. None of them is of an installation that a drill breaks; Drilled
// says what turns them on instead.
func Elsewhere() []Alarm {
	var list []Alarm
	for _, of := range []struct {
		name     string
		severity Severity
		drilled  Drill
	}{
		{"Budget", Ticket, ByMessages},
		{"BackupFailed", Ticket, ByMessages},
		{"RestoreFailed", Ticket, ByMessages},
		{"EdgeAway", Page, ByFigures},
		{"Untold", Page, ByFigures},
		{"ArchiveLate", Ticket, ByFigures},
		{"BackupLate", Ticket, ByFigures},
	} {
		a := named(of.name, of.severity, nil)
		a.Drilled = of.drilled
		list = append(list, a)
	}
	return list
}

// note is what is written of an alarm for who tells people of it.
type note struct {
	Name     string   `json:"name"`
	Severity Severity `json:"severity"`
	Symptom  Words    `json:"symptom"`
	First    Words    `json:"first"`
	Figure   *Figure  `json:"figure,omitempty"`
	Parts    []part   `json:"parts,omitempty"` // of one that looks at two windows
	Runbook  string   `json:"runbook"`
}

// part is one of the two alarms that a composite is made of.
type part struct {
	Name      string  `json:"name"`
	Minutes   int     `json:"minutes"` // how far it looks back
	Threshold float64 `json:"threshold"`
}

// Notes gives all alarms that AWS has, as infra/notify reads them.
func Notes() ([]byte, error) {
	var list []note
	for _, a := range slices.Concat(Alarms(), Elsewhere()) {
		if a.NotOnAWS != "" {
			continue
		}
		n := note{Name: a.Name, Severity: a.Severity, Symptom: a.Symptom, First: a.First, Runbook: a.Runbook()}
		if a.when != nil {
			f := a.when.figure()
			n.Figure = &f
		}
		if b, ok := a.when.(burn); ok {
			for _, w := range b.windows() {
				n.Parts = append(n.Parts, part{a.Name + w.name, int(w.long.Minutes()), b.threshold()})
			}
		}
		list = append(list, n)
	}
	return indented(list)
}
