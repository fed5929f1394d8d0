package help

func assessing() Guide {
	return Guide{Slug: "risk-assessment", Title: "The risk assessment in five steps",
		For: "For companies: find out where your supply chain is at risk, and plan what to do about it.",
		Parts: []Part{
			{ID: "begin", Title: "Begin, and begin again", Intro: "[Risk assessment](/risk) lists your assessments and says until when the next one must be finished.",
				Steps: []string{
					"Choose **Begin a risk assessment**. Several colleagues can work on it at the same time.",
					"The page of the assessment lists the five steps and always names one next step.",
				},
				Points: []string{
					"A new assessment begins as a copy of the last finished one. Ratings that were copied are marked **From the last assessment** until somebody has looked at them and saved the page.",
					"Owners, signatories, editors and representatives change it. Contributors and readers read it.",
					"The agency sees an assessment only when it is finished.",
				}},
			{ID: "map", Title: "Step 1: lanes and parties", Intro: "A lane is a way that goods take. Its legs are the carriers and places on the way, one after the other.",
				Steps: []string{
					"Choose **Add a lane**. Say what is carried, from where to where, and how often.",
					"Choose **Add a leg** for every part of the way: where goods are packed, each carrier, each place where they stand or change hands, and where they arrive.",
					"Put the legs in order with **Move up** and **Move down**.",
				},
				Points: []string{"Name every party, also those whom your partners hire. **Hours at rest** marks where cargo stands still."}},
			{ID: "rate", Title: "Steps 2 and 3: rate", Intro: "The threats are rated for each lane. Each leg is rated against the categories of the criteria.",
				Points: []string{
					"Ratings are 1 for low, 2 for medium and 3 for high. The form says for each what that means. A high rating needs a note.",
					"A category that does not apply to a leg is marked **Does not apply**, with the reason.",
					"The portal rates no country and no party for you. **Where to find out** names good sources.",
					"The risk of a lane is its highest threat times its highest vulnerability. Each page that shows it shows the sum too.",
				}},
			{ID: "plan", Title: "Step 4: action plan", Intro: "Plan an action for each vulnerability that is rated high.",
				Steps: []string{
					"Choose **Plan an action** beside the vulnerability, or **Add an action**.",
					"Say what is to be done, who does it and until when.",
					"When it is done, open the action and enter **Done on** and **Outcome**.",
				},
				Points: []string{"A finished assessment stays as it is. Begin the next one to write down what has been done since: it takes the open actions along."}},
			{ID: "finish", Title: "Step 5: write down and finish", Intro: "The last step says how you assessed the risks, who took part, and when you review it.",
				Steps: []string{
					"Fill in **How it was done**, **Who leads it**, **Who took part** and **When it is reviewed**.",
					"**Check and finish** lists what is missing, and what you should know. Every line leads to where you mend it.",
					"Choose **Finish the risk assessment**. Owners, signatories and editors can.",
				},
				Points: []string{
					"The finished assessment is evidence for criteria 2.1 to 2.4. It is there as a spreadsheet and as one page for print.",
					"Finish the next one within a year. The portal reminds members before the day.",
				}},
		}}
}
