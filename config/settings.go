//go:generate go run ../cmd/settings

package config

import (
	"fmt"
	"reflect"
)

// Setting describes one variable, for the reference and for `portal config`.
type Setting struct {
	Name, Default, Doc string
	Secret             bool
	Value              string // the effective one, secrets masked
}

// Settings lists every variable in the order of Config.
func Settings() []Setting { return Config{}.Settings() }

// Settings lists every variable with its value in c, secrets masked.
func (c Config) Settings() []Setting {
	var out []Setting
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("env")
		if name == "" || name == "-" {
			continue
		}
		out = append(out, Setting{
			Name: name, Default: f.Tag.Get("envDefault"), Doc: f.Tag.Get("doc"),
			Secret: f.Type == reflect.TypeFor[Secret](), Value: show(v.Field(i)),
		})
	}
	return out
}

func show(v reflect.Value) string {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return ""
	}
	switch x := v.Interface().(type) {
	case string:
		return x
	case interface{ String() string }:
		return x.String()
	}
	return fmt.Sprint(v.Interface())
}
