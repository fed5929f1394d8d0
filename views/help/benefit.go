package help

// counting is the guide of the reports that benefits are counted from.
func counting() Guide {
	return Guide{Slug: "benefit-reports", Title: "Bring reports of what membership brings",
		For: "For members: bring reports from ACE, brokers and carriers, so that examinations, crossings and penalties can be counted.",
		Parts: []Part{
			{ID: "bring", Title: "Bring a report", Intro: "Figures of benefits are made from your own reports. Only your company sees the rows.",
				Steps: []string{
					"Open [Benefits](/benefits) and choose **Bring a report**. Say what kind of report it is and choose the file.",
					"Look at the columns. We find what we know by name. Choose what the others are, or leave them out.",
					"Look at the first twenty rows: what each becomes, and what is wrong with it.",
					"Choose **Take the report over**. A large report takes a few minutes. You can leave the page.",
				},
				Points: []string{
					"A file may be CSV or an Excel workbook, up to 500 MB. Of a workbook the first sheet is read.",
					"We remember the columns for your next report of the same kind.",
					"Days are written as in the report: month, day, year for reports from the United States.",
				}},
			{ID: "counts", Title: "What counts, and once only", Intro: "An event counts once, however often it is reported.",
				Points: []string{
					"Two rows with the same entry number and line are the same. The first one stays, the other is left out and listed.",
					"To correct a month, choose **Replace a period** and enter its first and last day. Earlier events of the same kinds on those days count no more.",
					"An examination and its invoice count in the month, mode and port of their entry, if a report has that entry.",
					"Rows with a problem are left out. **Download the problems as CSV** lists them with their lines.",
				}},
			{ID: "figures", Title: "Read the figures", Intro: "The figures are made of your own reports. Each one says what it was counted from.",
				Steps: []string{
					"Open [Benefits](/benefits) and choose the period.",
					"Read first whether every month has reports. If some have none, the figures are of the others only.",
				},
				Points: []string{
					"The range beside a rate says where the true rate lies in 95 of 100 cases. With few shipments it is wide.",
					"Below 30 shipments no rate is shown, for chance would decide it.",
					"In a picture of two, the filled dots are you and the hollow diamonds are others. A bar below zero is hollow: you were examined more often, or paid more than came back.",
					"On the map, a country with a dashed frame has an arrangement with us, and no report says that it was used.",
					"Below each picture stands a table with the same numbers. The link to the CSV file gives you them with their ranges, the period and the SHA-256 of each report.",
					"Under **How this is computed** and **How the comparison is computed** stand the formulas. Below stand the files, each with its SHA-256.",
					"An estimate is marked as one. A number below zero means that your goods were examined more often than those of others, and the page says so.",
					"Partial means that months have no reports, or that some shipments have nobody to be compared with.",
				}},
			{ID: "management", Title: "Show your management what membership brings", Intro: "A report is one page: what others met, what was saved, what it cost, and what the numbers rest on.",
				Steps: []string{
					"Open [Reports for the management](/benefits/reports) and choose **Make a report**. Choose the period.",
					"Look at it, then choose **Keep this report**. From then on it stays as it is.",
					"Choose **Download as PDF** to pass it on, or print the page.",
				},
				Points: []string{
					"It says so just as plainly when the figures do not favor membership.",
					"**Download the numbers as JSON** gives the numbers themselves. The SHA-256 on the report is that of this file.",
				}},
			{ID: "costs", Title: "Say what things cost you", Intro: "What was saved and what came back is computed with your own costs. Only your company sees them.",
				Steps: []string{
					"Open [Your costs](/benefits/costs) and choose **Enter the cost of an examination**. It counts from a month on, until the next row of the same mode.",
					"Choose **Enter a cost of membership** for each year: staff, security, training and more.",
				},
				Points: []string{
					"Where you have entered nothing, a default of the portal stands in. It is a draft, and every page says so.",
					"Currencies are never added to each other.",
				}},
			{ID: "baselines", Title: "What others meet", Intro: "The agency says how often goods of companies that are not members were examined. Your figures are compared with that.",
				Points: []string{
					"Each figure leads to the file that it rests on: where its numbers come from, of which day they are, and every cohort.",
					"A cohort has five companies or more. **Download all cohorts as CSV** gives you the numbers.",
					"A second person of the agency signs each file off. If one is withdrawn, its page says why, and no figure rests on it any more.",
				}},
			{ID: "undo", Title: "Undo a report", Intro: "Nothing is lost by a mistake.",
				Steps: []string{
					"Open the report and choose **Undo this report**, twice.",
					"Its events count no more. What it had replaced counts again.",
				},
				Points: []string{
					"A report that stopped counts with no row. Choose **Try again**, or **Drop this report** and bring a mended file.",
				}},
			claimPart(),
		}}
}
