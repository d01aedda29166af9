package sqlite

import (
	"fmt"

	"enishi/internal/store"
)

// An index that is made once from all rows is sorted; kept up to date row by
// row it is spread over the disk and takes several times as long. So a bulk
// load sets the indexes aside, all inside its transaction: a failure restores
// them.
const asideTable = "bulk_index"

func bulkStart(x store.Exec) error {
	if err := x.Exec("CREATE TABLE " + asideTable + " (made TEXT NOT NULL)"); err != nil {
		return err
	}
	if err := x.Exec("INSERT INTO " + asideTable + " SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"); err != nil {
		return err
	}
	names, err := x.Texts("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := x.Exec(fmt.Sprintf("DROP INDEX %q", name)); err != nil {
			return err
		}
	}
	return nil
}

func bulkEnd(x store.Exec) error {
	made, err := x.Texts("SELECT made FROM " + asideTable)
	if err != nil {
		return err
	}
	for _, statement := range append(made, "DROP TABLE "+asideTable, "ANALYZE") {
		if err := x.Exec(statement); err != nil {
			return err
		}
	}
	return nil
}
