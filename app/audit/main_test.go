package audit_test

import (
	"testing"

	"trustedtrader/app/apptest"
)

func TestMain(m *testing.M) { apptest.Run(m) }
