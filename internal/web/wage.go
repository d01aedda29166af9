package web

import (
	"enishi/internal/position"
	"enishi/internal/taxonomy"
)

// yen says a sum of yen.
func (w words) yen(n int) string { return w.Say(grouped(n)+"円", "JPY "+grouped(n)) }

// underpaid says that the lowest pay of terms is below the minimum wage, by how much,
// and what would reach it; "" if it is not, as far as the terms tell.
func underpaid(w words, t *position.Terms) string {
	x, known := t.Wage()
	if !known || !x.Short() {
		return ""
	}
	place := w.Name(taxonomy.Prefecture, x.Place)
	return w.Say("最低賃金を下回っています。年収の下限"+w.Pay(*t.PayMin)+"は、年"+grouped(x.Hours)+"時間で割ると1時間"+w.yen(x.Hourly)+"です。"+place+"の最低賃金"+w.yen(x.Least)+"に届くのは、"+w.Pay(x.Annual)+"以上です。",
		"This is below the minimum wage: "+w.Pay(*t.PayMin)+" over "+grouped(x.Hours)+" hours a year is "+w.yen(x.Hourly)+" an hour, and in "+place+" it is "+w.yen(x.Least)+". "+w.Pay(x.Annual)+" a year would reach it.")
}

// wageNote says how the lowest pay was compared with the minimum wage, or why not.
func wageNote(w words, t *position.Terms) string {
	x, known := t.Wage()
	if !known {
		return w.Say("最低賃金とは比べていません。年収の下限、勤務地、年間休日、始業、終業がそろうと比べます（シフト勤務は、労働時間が決まらないため比べません）。",
			"Not compared with the minimum wage: that takes the annual pay, the places, the days off, and when work begins and ends. Of shift work the hours are not known.")
	}
	place := w.Name(taxonomy.Prefecture, x.Place)
	return w.Say("最低賃金との比較：年収の下限は、1時間あたり"+w.yen(x.Hourly)+"（年"+grouped(x.Hours)+"時間）。"+place+"の最低賃金は"+w.yen(x.Least)+"（"+position.WageSourceJA+"）。賞与や固定残業代も含めた概算のため、実際の確認は別に必要です。",
		"Compared with the minimum wage: at least "+w.yen(x.Hourly)+" an hour ("+grouped(x.Hours)+" hours a year), against "+w.yen(x.Least)+" in "+place+" ("+position.WageSourceEN+"). Bonuses and fixed overtime are counted in, though by law they are not: please check the base pay yourself.")
}
