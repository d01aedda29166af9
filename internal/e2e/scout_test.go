package e2e_test

import "enishi/internal/e2e"

// scouts narrows a search down, chooses two people and writes to them; whoever was
// written to reads it.
func scouts(s *stage) {
	firm := s.tab(e2e.View{})
	firm.SignIn("company1@example.jp")
	firm.Open("/company/candidates?skill=excel")
	firm.Says("条件 1/1")
	firm.Click("li.person:nth-of-type(1) input[name=card]")
	firm.Click("li.person:nth-of-type(3) input[name=card]")
	firm.Click("button[name=scout]")
	firm.At("/company/scouts/new")
	firm.Says("2人にスカウトを送ります")
	firm.Expect("422")
	firm.Click("form.stack button.primary")
	firm.Says("求人を選んでください")
	firm.Expect()
	firm.Run(`{ const list = document.querySelector("#position"); list.selectedIndex = 1; list.dispatchEvent(new Event("change", { bubbles: true })) }`)
	firm.Fill("#message", "Excelのご経験を拝見しました。")
	firm.Click("form.stack button.primary")
	firm.Says("2人にスカウトを送りました")
	look(s, "scouted", firm)
}
