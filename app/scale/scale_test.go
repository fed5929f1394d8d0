package scale

import "testing"

func TestCopyOfIsAnIdOfItsOwn(t *testing.T) {
	t.Parallel()
	const id = "01a20d86-3e15-7e1e-8fbb-fd2a8c55d349"
	if a, b := CopyOf(id, 1), CopyOf(id, 2); a == b || a == id || CopyOf(id, 1) != a || !uuidText.MatchString(a) {
		t.Errorf("copies of %s: %s and %s", id, a, b)
	}
}
