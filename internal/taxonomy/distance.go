package taxonomy

// distance gives the number of typing errors (a letter too many, too few or
// wrong, or two neighbours exchanged) that lie between typed and the nearest
// beginning of word, or most+1 if there are more than most: people are still
// typing. rows is work space of 3 rows, each longer than word.
func distance(typed, word []rune, most int, rows *[3][]int) int {
	before, last, row := rows[0][:len(word)+1], rows[1][:len(word)+1], rows[2][:len(word)+1]
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(typed); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(word); j++ {
			cost := 1
			if typed[i-1] == word[j-1] {
				cost = 0
			}
			d := min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && typed[i-1] == word[j-2] && typed[i-2] == word[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if least > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	best := most + 1
	for _, d := range last {
		best = min(best, d)
	}
	return best
}

// allowedErrors is how many typing errors a query of so many letters may hold
// and still be taken for a word: in a short one nearly every change gives
// another word.
func allowedErrors(letters int, ideographs bool) int {
	switch {
	case ideographs && letters >= 6, !ideographs && letters >= 8:
		return 2
	case ideographs && letters >= 3, !ideographs && letters >= 4:
		return 1
	default:
		return 0
	}
}
