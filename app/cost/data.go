package cost

import (
	"fmt"
	"io/fs"
	"slices"

	"trustedtrader/app/datafile"
)

// Data is config.Figures: what the cost of membership is parted by, and defaults.
type Data struct {
	Source   string    `yaml:"source"`
	Draft    bool      `yaml:"draft"`
	Items    []Item    `yaml:"items"`
	Defaults []Default `yaml:"defaults"`
}

// Item is a part of the cost of membership.
type Item struct {
	Code string `yaml:"code"`
	Name string `yaml:"name"` // English source text
	Help string `yaml:"help"`
}

// Default is what an examination costs where a company has not said.
type Default struct {
	Mode          string `yaml:"mode"`
	Currency      string `yaml:"currency"`
	PerExam       string `yaml:"per_exam"`
	StoragePerDay string `yaml:"storage_per_day"`
}

// Item finds an item by its code.
func (d *Data) Item(code string) (Item, bool) {
	if i := slices.IndexFunc(d.Items, func(x Item) bool { return x.Code == code }); i >= 0 {
		return d.Items[i], true
	}
	return Item{}, false
}

const figuresFile = "figures.yaml"

// LoadData reads config.Figures. The error is a datafile.Problems when the file is at fault.
func LoadData(files fs.FS) (*Data, error) {
	schemas, err := datafile.Schemas(files)
	if err != nil {
		return nil, err
	}
	content, err := fs.ReadFile(files, figuresFile)
	if err != nil {
		return nil, fmt.Errorf("read what membership costs: %w", err)
	}
	var log datafile.Log
	var x struct {
		Edition string `yaml:"edition"`
		Data    `yaml:",inline"`
	}
	if doc := log.Parse(figuresFile, schemas["figures"], content, 0); doc.Decode(&x) {
		for i, item := range x.Items {
			if slices.IndexFunc(x.Items, func(y Item) bool { return y.Code == item.Code }) != i {
				doc.Problem([]any{"items", i, "code"}, "item %s stands there twice", item.Code)
			}
		}
		for i, d := range x.Defaults {
			if slices.IndexFunc(x.Defaults, func(y Default) bool { return y.Mode == d.Mode }) != i {
				doc.Problem([]any{"defaults", i, "mode"}, "mode %s stands there twice", d.Mode)
			}
		}
	}
	if len(log.Problems) > 0 {
		log.Problems.Sort()
		return nil, log.Problems
	}
	return &x.Data, nil
}
