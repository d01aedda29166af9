package e2e_test

import "enishi/internal/e2e"

// aCardThatCannotMove drops a card on a column that its state does not allow: the board
// says so, and nothing moves.
func aCardThatCannotMove(s *stage) {
	tab := s.tab(e2e.View{Width: e2e.Desktop})
	tab.SignIn("company1@example.jp")
	tab.Open("/company/pipeline")
	tab.Has(`[data-card][draggable="true"]`)
	tab.Run(`(() => {
		const card = document.querySelector('[data-card][draggable="true"]'), data = new DataTransfer();
		const fire = (at, type) => at.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
		fire(card, "dragstart");
		const column = [...document.querySelectorAll("[data-board] [data-to]")].find((c) => !c.classList.contains("takes") && !c.contains(card));
		if (fire(column, "dragover")) throw new Error("the column cannot be dropped on");
		fire(column, "drop");
		fire(card, "dragend");
	})()`)
	tab.Says("この段階からは進められません")
	tab.At("/company/pipeline")
}

// tablesOnPaper unfolds the tables beside charts while a page is printed.
func tablesOnPaper(s *stage) {
	tab := s.tab(e2e.View{Width: e2e.Desktop})
	tab.SignIn(e2e.Operator)
	tab.Open("/operator/kpis")
	tab.Has("figure details")
	const open, all = `document.querySelectorAll("figure details[open]").length`, `document.querySelectorAll("figure details").length`
	tab.Run(`dispatchEvent(new Event("beforeprint"))`)
	if got, want := tab.Number(open), tab.Number(all); got != want {
		s.Errorf("%d of %d tables are printed", got, want)
	}
	tab.Run(`dispatchEvent(new Event("afterprint"))`)
	if got := tab.Number(open); got != 0 {
		s.Errorf("%d tables stay unfolded", got)
	}
}

// aCompanyOnAPhone looks at a company as an operator with a phone: what has no place to
// break, as the domain of an address, is broken all the same.
func aCompanyOnAPhone(s *stage) {
	tab := s.tab(e2e.View{Width: e2e.Phone})
	tab.SignIn(e2e.Operator)
	tab.Open("/operator/companies")
	tab.Click("main table a")
	tab.Has("dl.terms dd")
	tab.Run(`document.querySelector("dl.terms dd").append("x".repeat(120) + ".example.jp")`)
	if wide := tab.Number("document.documentElement.scrollWidth"); wide > e2e.Phone {
		s.Errorf("the page is %d px wide", wide)
	}
}
