package demo

import "trustedtrader/app/identity"

// stories lists the made-up companies: over every kind of member and every state. Names
// and numbers are invented.
func stories() []*story {
	us := func(name, form, city, zone, office, kind, numbers string, ago int, plot func(*story) []step) *story {
		return &story{name: name, form: form, country: "US", city: city, zone: zone, office: office, programme: "ctpat", kind: kind, numbers: numbers, ago: ago, plot: plot}
	}
	abroad := func(name, form, country, city, zone, office, kind, numbers string, ago int, plot func(*story) []step) *story {
		return &story{name: name, form: form, country: country, city: city, zone: zone, office: office, programme: "ctpat", kind: kind, numbers: numbers, ago: ago, plot: plot}
	}
	eu := func(name, form, country, city, zone, kind, numbers string, ago int, plot func(*story) []step) *story {
		return &story{name: name, form: form, country: country, city: city, zone: zone, office: "LAKES", programme: "eu-aeo", kind: kind, numbers: numbers, ago: ago, plot: plot}
	}
	const (
		east, central, west = "America/New_York", "America/Chicago", "America/Los_Angeles"
		harbor, border, bay = "HARBOR", "BORDER", "PACIFIC"
		mexico              = "America/Mexico_City"
	)
	list := []*story{
		// Members, of different age
		us("Bluewater Home Goods", "Inc.", "Newark", east, harbor, "importer", "ior_ein=36-480112000 bond=21A000101", 745, twoReviews),
		us("Granite Peak Exports", "LLC", "Baltimore", east, harbor, "exporter", "ein=36-4801120 duns=150483001", 640, reviewAccepted),
		us("Pinecrest Freight Lines", "Inc.", "Buffalo", east, harbor, "highway_carrier_us_ca", "scac=PCFL us_dot=2210045 mc=MC-220145", 512, reviewLate),
		us("Rio Vista Transport", "LLC", "Laredo", central, border, "highway_carrier_us_mx", "scac=RVTL us_dot=1845520", 430, reviewOverdue),
		abroad("Transportes Fronterizos del Norte", "S.A. de C.V.", "MX", "Monterrey", "America/Monterrey", border, "mexican_long_haul", "sct=0106TFNX13122011021001000 rfc=TFN080514A21 acta_constitutiva=Escritura_4821,_Notaría_12,_Monterrey,_2008", 395, reviewBegun),
		us("Prairie & Lakes Railway", "Corp.", "Kansas City", central, border, "rail_carrier", "scac=PLRX", 370, reviewSent),
		us("Northstar Ocean Lines", "Inc.", "Oakland", west, bay, "sea_carrier", "scac=NSOL imo=9074729", 352, reviewReturned),
		us("Cascadia Air Cargo", "Inc.", "Seattle", west, bay, "air_carrier", "iata_carrier=QZ scac=CSAC", 341, reviewOpen),
		us("Silverline Consolidators", "LLC", "Long Beach", west, bay, "consolidator", "fmc_org=029128 bond=22B000202", 300, noticeSent),
		us("Meridian Third Party Logistics", "LLC", "Dallas", central, border, "third_party_logistics", "us_dot=3301122 scac=MTPL", 260, noticeAccepted),
		us("Harborview Customs Brokers", "Inc.", "New York", east, harbor, "customs_broker", "broker_licence=31417 filer_code=H7V", 220, noticeReturned),
		us("Port of Graywater Terminals", "Authority", "Savannah", east, harbor, "mpto", "fmc_mto=002345 firms=G123", 180, certified),
		abroad("Muebles Sierra Verde", "S.A. de C.V.", "MX", "Querétaro", mexico, border, "foreign_manufacturer", "mid=MXMUESIE1450QUE rfc=MSV110926B31 acta_constitutiva=Escritura_771,_Notaría_3,_Querétaro,_2011", 150, certified),

		// Cases under way
		us("Willow Creek Textiles", "Inc.", "Wilmington", east, harbor, "importer", "ior_ein=36-480113000 bond=21A000113", 18, submitted),
		us("Copperfield Tools", "LLC", "Philadelphia", east, harbor, "importer", "ior_ein=36-480114000 bond=21A000114", 24, submitted),
		us("Ocean Gate Seafood", "Inc.", "Boston", east, harbor, "importer", "ior_ein=36-480115000 bond=21A000115", 30, claimed),
		us("Lantern Electronics", "Inc.", "Edison", east, harbor, "importer", "ior_ein=36-480116000 bond=21A000116", 33, doubted),
		us("Cedar & Stone Imports", "LLC", "Norfolk", east, harbor, "importer", "ior_ein=36-480117000 bond=21A000117", 21, asked),
		us("Fairwind Machinery Exports", "Inc.", "Charleston", east, harbor, "exporter", "ein=36-4801180", 40, answeredAndTaken),
		us("Stonebridge Customs Services", "Inc.", "New York", east, harbor, "customs_broker", "broker_licence=31418 filer_code=S8B", 38, recommended),
		us("Keystone Border Haulage", "LLC", "Detroit", east, harbor, "highway_carrier_us_ca", "scac=KSBH us_dot=2210046", 45, sentBack),
		us("Old Dominion Glassworks", "Inc.", "Richmond", east, harbor, "importer", "ior_ein=36-480119000 bond=21A000119", 128, begun), // overdue
		us("Sunfield Produce", "LLC", "McAllen", central, border, "importer", "ior_ein=36-480120000 bond=21A000120", 60, standing),
		abroad("Carretera Azul Logística", "S.A. de C.V.", "MX", "Nuevo Laredo", "America/Monterrey", border, "highway_carrier_us_mx", "scac=CALX us_dot=2210047 rfc=CDA990317C11 acta_constitutiva=Escritura_90,_Notaría_5,_Nuevo_Laredo,_1999", 28, begun),
		us("Redwood Coast Imports", "Inc.", "Portland", west, bay, "importer", "ior_ein=36-480121000 bond=21A000121", 20, submitted),
		abroad("Maple Ridge Castings", "Ltd.", "CA", "Hamilton", "America/Toronto", harbor, "foreign_manufacturer", "mid=XOMAPRID100HAM", 26, askedInPart),

		// Ended without a membership
		us("Quickship Parcel", "LLC", "Atlanta", east, harbor, "third_party_logistics", "us_dot=3301123", 200, rejected),
		us("Blue Heron Trading", "Inc.", "Providence", east, harbor, "importer", "ior_ein=36-480122000 bond=21A000122", 130, again),
		us("Tidewater Furniture", "LLC", "Virginia Beach", east, harbor, "importer", "ior_ein=36-480123000 bond=21A000123", 90, withdrawn),

		us("Driftwood Paper", "LLC", "Hartford", east, harbor, "importer", "ior_ein=36-480130000 bond=21A000130", 75, eligible), // lapsed

		// Before the first application is sent
		us("Summit Outdoor Gear", "Inc.", "Denver", "America/Denver", border, "importer", "ior_ein=36-480124000 bond=21A000124", 3, registered),
		us("Amber Valley Foods", "LLC", "Fresno", west, bay, "importer", "ior_ein=36-480125000 bond=21A000125", 6, accountDone),
		us("Bluewater Homegoods", "LLC", "Newark", east, harbor, "importer", "ior_ein=36-480126000 bond=21A000126", 9, copied), // looks like the first
		us("Kestrel Robotics", "Inc.", "Austin", central, border, "exporter", "ein=36-4801270", 11, shared),
		us("Clearwater Medical Supply", "Inc.", "San Diego", west, bay, "importer", "ior_ein=36-480128000 bond=21A000128", 14, filledIn),

		// The European programme
		eu("Noordzee Logistiek", "B.V.", "NL", "Rotterdam", "Europe/Amsterdam", "aeof", "eori=NL800100201 national_registration=KVK_24112233", 420, certified),
		eu("Société Lumière d'Export", "S.A.", "FR", "Lyon", "Europe/Paris", "aeoc", "eori=FR80010020200011 national_registration=RCS_Lyon_800100202", 250, certifiedAfterRequest),
		eu("Donau Maschinenbau", "GmbH", "AT", "Linz", "Europe/Vienna", "aeos", "eori=ATEOS1000080012 national_registration=FN_112233a", 170, certified),
		eu("Porto Azul Têxteis", "Lda.", "PT", "Porto", "Europe/Lisbon", "aeoc", "eori=PT800100204 national_registration=500100204", 12, submitted),
		eu("Baltyk Spedycja", "Sp. z o.o.", "PL", "Gdańsk", "Europe/Warsaw", "aeof", "eori=PL800100205000000 national_registration=KRS_0000112233", 60, doubted),
		eu("Officine Ligure", "S.r.l.", "IT", "Genova", "Europe/Rome", "aeos", "eori=IT80010020611 national_registration=GE-112233", 34, heard),
		eu("Hansen & Søn Shipping", "A/S", "DK", "Aarhus", "Europe/Copenhagen", "aeoc", "eori=DK80010027 national_registration=80010027", 48, answeredHearing),
		eu("Kvarner Trgovina", "d.o.o.", "HR", "Rijeka", "Europe/Zagreb", "aeoc", "eori=HR80010020800 national_registration=040112233", 120, refused),
		eu("Levante Cítricos", "S.L.", "ES", "Valencia", "Europe/Madrid", "aeof", "eori=ESB80010029 national_registration=V-112233", 80, standing),
		eu("Ardenne Verre", "S.A.", "BE", "Liège", "Europe/Brussels", "aeos", "eori=BE0800100210 national_registration=0800.100.210", 9, shared),
	}
	// Importers of one tier with nothing but their reports, so that there is a group to tell of
	quiet := []*story{
		us("Juniper Kitchenware", "Inc.", "Savannah", east, harbor, "importer", "ior_ein=36-480131000 bond=21A000131", 386, certified),
		us("Alder & Finch Lighting", "LLC", "Long Beach", west, bay, "importer", "ior_ein=36-480132000 bond=21A000132", 386, certified),
		us("Sandhill Toys", "Inc.", "Atlanta", east, harbor, "importer", "ior_ein=36-480133000 bond=21A000133", 387, certified),
		us("Marlow Garden Supply", "LLC", "San Diego", west, bay, "importer", "ior_ein=36-480134000 bond=21A000134", 387, certified),
		us("Foxglove Apparel", "Inc.", "New York", east, harbor, "importer", "ior_ein=36-480135000 bond=21A000135", 388, certified),
		us("Brightwater Cycles", "LLC", "Oakland", west, bay, "importer", "ior_ein=36-480136000 bond=21A000136", 388, certified),
	}
	for _, x := range quiet {
		x.quiet = true
	}
	list = append(list, quiet...)
	notes := map[string]string{
		"Bluewater Home Goods": "a member since two years, in the middle of its yearly review, with two years of figures of its benefits", "Cedar & Stone Imports": "has to answer a request, and criteria that were sent back",
		"Clearwater Medical Supply": "security profile filled in, look at the checks and submit it", "Quickship Parcel": "was rejected and sees why", "Silverline Consolidators": "has sent a change notice, and is examined more often than others",
		"Officine Ligure": "may speak before a refusal", "Noordzee Logistiek": "a European member, with figures of its benefits", "Kestrel Robotics": "security profile half filled in with three colleagues",
		"Ardenne Verre": "European questionnaire half filled in", "Bluewater Homegoods": "the checks find the same text in many criteria",
		"Meridian Third Party Logistics": "exceptions of single sites, and a finished risk assessment", "Rio Vista Transport": "its yearly review is overdue, a risk assessment is half done, and its trucks use the FAST lanes",
		goesInto: "its yearly review was accepted, it merges with another member in three weeks, and has too few shipments to compare", "Northstar Ocean Lines": "its yearly review was sent back", "Cascadia Air Cargo": "its yearly review is half confirmed",
		"Prairie & Lakes Railway": "has sent its yearly review",
		"Old Dominion Glassworks": "waits longer than the law allows",
		mends:                     "suspended, with a corrective action plan of which a part is done",
		appeals:                   "suspended at once, and has appealed",
		reports:                   "has reported an incident of its own",
		leaves:                    "prepares its withdrawal",
	}
	for i, x := range list {
		x.number, x.note = i, notes[x.name]
		x.featured = x.name == "Bluewater Home Goods" || x.name == "Cedar & Stone Imports" || x.name == "Clearwater Medical Supply" || x.name == "Noordzee Logistiek" || x.name == mends
		x.alone = x.name == "Summit Outdoor Gear"
		switch x.name {
		case "Bluewater Home Goods", "Meridian Third Party Logistics", "Muebles Sierra Verde", "Noordzee Logistiek":
			x.risk = finished
		}
		if x.name == "Kestrel Robotics" || x.name == "Ardenne Verre" {
			x.team = []identity.Role{identity.Editor, identity.Contributor}
		}
	}
	return list
}
