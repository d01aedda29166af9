package alarm

// Said is of how many alarms something is said.
func Said() int { return len(texts()) }
