package risk

import "context"

// ExportedWorkbook makes the workbook of a sheet that no database has seen.
func ExportedWorkbook(s Sheet) (File, error) { return s.workbook(context.Background()) }
