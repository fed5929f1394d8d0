package devidp

import (
	"context"
	"slices"
	"strconv"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
)

func signInTitle(ctx context.Context, p page) string {
	title := i18n.T(ctx, "Demo sign-in")
	if len(p.Errors) > 0 {
		return i18n.T(ctx, "Error: %s", title)
	}
	return title
}

func groupID(i int) string { return "group-" + strconv.Itoa(i+1) }

// about finds the problem with a field.
func about(errors []fault.Field, name string) (fault.Field, bool) {
	if i := slices.IndexFunc(errors, func(f fault.Field) bool { return f.Name == name }); i >= 0 {
		return errors[i], true
	}
	return fault.Field{}, false
}
