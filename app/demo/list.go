package demo

import "trustedtrader/app/people"

// Headquarters is the office at the root of the made-up administration.
func Headquarters() people.Office {
	return people.Office{Code: "HQ", Name: "Headquarters", Zone: "America/New_York", Calendar: "us-federal"}
}

// People lists everybody whom the demo's sign-in pages offer.
func People() []Person {
	list := newcomers()
	for _, x := range stories() {
		owner := x.person(0, "Owner", x.note)
		owner.Featured = x.featured
		list = append(list, owner)
		if !x.alone {
			list = append(list, x.person(1, people.RoleName(x.role()), ""))
		}
		for i, role := range x.team {
			list = append(list, x.person(firstOfTeam+i, people.RoleName(role), "fills in a part of the security profile"))
		}
	}
	return append(append(list, staff()...), partners()...)
}

// newcomers begin with nothing: they register and apply themselves.
func newcomers() []Person {
	p := func(subject, name, note string, featured bool) Person {
		return Person{Subject: subject, Name: name, Email: subject + "@business.example", Audience: "companies",
			Organisation: "New to the portal", Role: "Not registered yet", Note: note, Featured: featured}
	}
	return []Person{
		p("carla.mendes", "Carla Mendes", "registers her company and applies", true),
		p("mila.horvat", "Mila Horvat", "a colleague to invite", false),
		p("tom.lindqvist", "Tom Lindqvist", "registers a European company", false),
	}
}
