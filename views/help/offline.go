package help

func offline() Guide {
	return Guide{Slug: "work-offline", Title: "Work offline on the security profile",
		For: "For companies: fill in the profile in a spreadsheet program and send it back.",
		Parts: []Part{
			{ID: "offline", Title: "Download and send back", Intro: "A workbook has one sheet for each section, with every question and the answers so far.",
				Steps: []string{
					"Open the profile, choose **Work offline**, and download the whole profile or one section.",
					"Write only into the yellow cells. Everything else is locked. The first sheet says how to fill it in.",
					"Send the workbook back on the same page, and choose **Show what would change**. Nothing is saved yet.",
					"Look at the rows of each section, tick what is taken over, and choose **Take over the ticked answers**. For whole sections, tick them and choose **Take over the ticked sections**.",
				},
				Points: []string{
					"An empty cell means that you give no answer here. It never deletes an answer.",
					"When a colleague has changed an answer since the workbook was made, you see both. It is replaced only if you tick it, and the other wording stays in the history.",
					"What you sent waits for a day, for you alone. You can take over some answers now and others later.",
					"A workbook fits only the profile that it was made for. Formulas are taken as text and are not computed.",
					"Contributors can take over the criteria that are assigned to them.",
				}},
		}}
}
