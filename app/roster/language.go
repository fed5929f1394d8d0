package roster

import "slices"

// Language is one that officers speak, as ISO 639-1 writes it.
type Language struct{ Code, Name string } // Name: English source text

// Languages lists the languages that a visit may need, in the order of their names.
func Languages() []Language {
	return []Language{
		{"ar", "Arabic"}, {"bn", "Bengali"}, {"bg", "Bulgarian"}, {"zh", "Chinese"}, {"hr", "Croatian"}, {"cs", "Czech"}, {"da", "Danish"},
		{"nl", "Dutch"}, {"en", "English"}, {"et", "Estonian"}, {"fi", "Finnish"}, {"fr", "French"}, {"de", "German"}, {"el", "Greek"},
		{"hi", "Hindi"}, {"hu", "Hungarian"}, {"id", "Indonesian"}, {"ga", "Irish"}, {"it", "Italian"}, {"ja", "Japanese"}, {"ko", "Korean"},
		{"lv", "Latvian"}, {"lt", "Lithuanian"}, {"ms", "Malay"}, {"mt", "Maltese"}, {"ne", "Nepali"}, {"no", "Norwegian"}, {"pl", "Polish"},
		{"pt", "Portuguese"}, {"ro", "Romanian"}, {"ru", "Russian"}, {"sk", "Slovak"}, {"sl", "Slovenian"}, {"es", "Spanish"}, {"sv", "Swedish"},
		{"th", "Thai"}, {"tr", "Turkish"}, {"uk", "Ukrainian"}, {"ur", "Urdu"}, {"vi", "Vietnamese"},
	}
}

// LanguageName is a language for a person to read (English source text); a code that is
// not known is shown as it is.
func LanguageName(code string) string {
	all := Languages()
	if i := slices.IndexFunc(all, func(l Language) bool { return l.Code == code }); i >= 0 {
		return all[i].Name
	}
	return code
}
