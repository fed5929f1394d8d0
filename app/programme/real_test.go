package programme

import (
	"testing"
)

func TestRealFolders(t *testing.T) {
	if err := Check("../../config/programmes"); err != nil {
		t.Fatal(err)
	}
}
