package consultation

import (
	"fmt"
	"io/fs"

	"trustedtrader/app/datafile"
)

const purposesFile = "purposes.yaml"

// LoadPurposes reads config.Checks: what a check can be for. The error is a
// datafile.Problems when the file is at fault.
func LoadPurposes(files fs.FS) ([]Purpose, error) {
	schemas, err := datafile.Schemas(files)
	if err != nil {
		return nil, err
	}
	content, err := fs.ReadFile(files, purposesFile)
	if err != nil {
		return nil, fmt.Errorf("read what checks are for: %w", err)
	}
	var log datafile.Log
	var x struct {
		Edition  string    `yaml:"edition"`
		Source   string    `yaml:"source"`
		Draft    bool      `yaml:"draft"`
		Purposes []Purpose `yaml:"purposes"`
	}
	log.Parse(purposesFile, schemas["purposes"], content, 0).Decode(&x)
	if len(log.Problems) > 0 {
		log.Problems.Sort()
		return nil, log.Problems
	}
	return x.Purposes, nil
}
