package help

// above is the guide of headquarters.
func above() Guide {
	return Guide{Slug: "headquarters", Title: "The programme from above",
		For: "For headquarters, supervisors and auditors: figures with their rows, the yearly report, separation of duties, files for the customs system.",
		Parts: []Part{
			{ID: "figures", Title: "Figures and their rows", Intro: "[Headquarters](/desk/headquarters) shows the programme on one day. Every number opens the rows that it counts.",
				Steps: []string{
					"Under **Choose the day** enter a day, a programme and an office. Leave the day empty for today.",
					"Choose a number to open its rows. Narrow them there.",
					"Choose **Download as a workbook (XLSX)** or **Download as CSV (ZIP)**. The file says inside which conditions it was made with.",
				},
				Points: []string{
					"**As known at the end of** shows what the portal knew on an earlier day. Use it to repeat a report that you gave then.",
					"**How this is counted** says it for each figure.",
					"A supervisor sees the own office and those below. Each download is in the audit trail.",
				}},
			{ID: "year", Title: "The yearly report", Intro: "[The yearly report](/desk/headquarters/year) has the figures of one year, with the hours for each certification, validation and revalidation (6 U.S.C. 971).",
				Steps: []string{
					"Choose a programme and a year. The year is the one that the programme reports by.",
					"Look at the rows behind a number that surprises you, then download the report.",
				},
				Points: []string{"Where there are too few cases, no share and no median is shown. The programme's data say how few."}},
			{ID: "duties", Title: "Separation of duties", Intro: "[The report](/desk/headquarters/duties) looks for decisions of one person alone, for rights that clash, and for pairs that always decide together.",
				Points: []string{
					"**People whose rights clash** lists who held two rights at once that should be apart.",
					"**Who decides with whom** marks pairs above the programme's limit. That is a reason to look, and no proof of anything.",
				}},
			{ID: "offices", Title: "Offices side by side", Intro: "[The comparison](/desk/headquarters/offices) shows whether offices treat the same cases alike: what they send back, how long they take, what they find.",
				Points: []string{"The numbers in brackets say how sure a share is. If the ranges of two offices overlap, the difference may be chance."}},
			{ID: "irregularities", Title: "What partners report", Intro: "Programs of partner agencies report irregularities of operators of ours. [Irregularities](/desk/irregularities) lists them.",
				Steps:  []string{"Read the report. **Company** leads to the account when the number is known here.", "Write under **What follows** what you do, and choose **Take it in hand**."},
				Points: []string{"The partner gets a receipt, and the same one whether the operator is known here or not."}},
			{ID: "window", Title: "Files for the customs system", Intro: "[Single window](/desk/single-window) lists the signed file of memberships that the portal makes each day. Headquarters and auditors see it.",
				Steps: []string{
					"Download the file and its manifest. The manifest has the day, the count, the hash (SHA-256) and the hash of the file before it.",
					"Give the receiver the **Public key**, by another way than the files.",
				},
				Points: []string{
					"A count or a hash that does not fit means that the file was changed or one is missing. Do not use it.",
					"Each download is in the audit trail.",
				}},
			{ID: "baselines", Title: "Baselines", Intro: "Members compare how often their goods are examined with what others meet. [Baselines](/desk/baselines) holds those numbers, by period, mode of transport, group of ports and entity type.",
				Steps: []string{
					"Choose **Bring a baseline**. Say where the numbers come from and how they were counted, for members read it. Choose the file and **Read the file**.",
					"If a row is wrong, nothing is kept. The page names each row and what to do.",
					"A second person opens the file. **In force now** stands beside each number. **To look at** lists the rates that are far from those in force.",
					"The others of headquarters get an e-mail. One of them chooses **Sign the file off**, or **Refuse the file** with the reason. Who brought it cannot, and is told what came of it.",
				},
				Points: []string{
					"Cohorts of fewer than five companies are left out and counted.",
					"Who brought a file can **Take the file back** while it waits, and bring it again.",
					"Where two files know the same cohort of the same period, the one signed last counts.",
					"**Withdraw the file** when its numbers were wrong. Members read the reason, and what it was signed over counts again.",
				}},
			{ID: "benefits", Title: "Benefits of members", Intro: "[Benefits of members](/desk/headquarters/benefits) shows how often goods of members were examined, beside those of others, and how often members had a benefit. It is made of the reports that members bring for themselves.",
				Steps: []string{
					"Under **Choose the year** choose a programme and a year.",
					"Look at **Who report** first: a number of few members says little about the others. **As of** is the day of each number.",
					"Choose **Download these numbers as CSV** for your own tables.",
				},
				Points: []string{
					"You see groups of five members or more, of whom none dominates. You never see a number of one company.",
					"A number stays as it is until the reports of five members or more have changed. So nobody can tell what one of them has reported.",
					"Members whose tier changed, who joined, left or were suspended are in a group of their own.",
					"**Groups without a number** lists the others, with how many members they have.",
				}},
			arrangementsPart(), feedsPart("/desk/feeds"), claimNumbersPart(), gapsPart(),
		}}
}
