package help

// answering is how a company answers what a visit found.
func answering() Part {
	return Part{ID: "findings", Title: "Answer what a visit found", Intro: "After a visit you get a report and findings. Required actions need an answer by a day; recommendations and best practices do not.",
		Steps: []string{
			"Open [the findings](/findings). Those that wait for your answer stand first.",
			"Read what was found and what is to be done.",
			"Enter what you did, choose proof from your library and choose **Send the answer**.",
			"If you cannot make it in time, open **Ask for more time** before the last day and say until when.",
		},
		Points: []string{
			"The newest version of each item of evidence is kept with your answer.",
			"If more is needed we send the answer back. The last day stays the same unless we give you more days.",
			"You may be asked to comment on the draft of the report: once, within the days that the page names.",
		}, Rules: []string{"actions_required", "measures_demanded"}}
}

// fieldPart is what an officer does on a visit.
func fieldPart() Part {
	return Part{ID: "fieldwork", Title: "Verify criteria on a visit", Intro: "Choose before the visit what is verified, enter on site or later what you saw.",
		Steps: []string{
			"On the page of a visit open its criteria and choose **Choose the criteria**. Those stand first that the profile sets apart.",
			"Choose **Print the workbook** to take the criteria along on paper.",
			"When the visit has begun, open a criterion, say how you verified it and what came of it.",
			"Add photos and papers with **Add the file**. They stay the agency's own unless a finding shows them.",
			"Enter your hours under **Log the time**.",
		}}
}

// findingPart is how a specialist writes findings and follows them up.
func findingPart() Part {
	return Part{ID: "findings", Title: "Write findings and follow them up", Intro: "A finding is tied to a criterion and a place. A draft stays the agency's own.",
		Steps: []string{
			"On the report of a validation choose **Write a finding**.",
			"Choose the kind, the criterion and the place, and write what was found and what is to be done. Then choose **Save the draft**.",
			"Drafts go to the company when the report is issued. Choose **Send it now** if it must act at once.",
			"Open [the findings](/desk/findings) to see which answers are to be checked. **Accept** what is enough, or **Ask for more**.",
			"When nothing comes, choose **Pass on to enforcement**.",
		}}
}

func reportPart() Part {
	return Part{ID: "report", Title: "Write the report", Intro: "The report is assembled from what was visited, verified and found.",
		Steps: []string{
			"Choose **Assemble the report** and edit it section by section.",
			"Say under **What is to follow** what you propose, and why.",
			"Choose **Share the draft for comments**. When the company has commented, or its days are over, choose **Go on with the report**.",
			"Choose **Submit for approval**. Another person approves it or returns it.",
			"Choose **Issue the report**. The company gets it with every finding, and the days to answer begin.",
			"When every required action is accepted, choose **Close the validation**. The tier follows from the programme's rule.",
		}}
}

func failuresPart() Part {
	return Part{ID: "failures", Title: "See common failures", Intro: "What validations find most often, by criterion, cause, kind of member, office or year.",
		Steps: []string{"Open [the statistics](/desk/findings/failures) and choose a programme and a year.", "Choose **Download as CSV** to take the figures along."}}
}
