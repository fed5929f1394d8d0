package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDeployNamesSettingsThatExist: what the files for running the portal set is read.
func TestDeployNamesSettingsThatExist(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("deploy/*")
	if err != nil || len(files) < 4 {
		t.Fatalf("files: %v %v", files, err)
	}
	var known []string
	for _, s := range Settings() {
		known = append(known, s.Name)
	}
	name := regexp.MustCompile(`\b(PORTAL_[A-Z_]+|DATABASE_[A-Z_]*URL(_FILE)?)\b`)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range name.FindAllString(string(b), -1) {
			if !slices.Contains(known, strings.TrimSuffix(n, "_FILE")) {
				t.Errorf("%s sets %s, which nobody reads", f, n)
			}
		}
	}
}
