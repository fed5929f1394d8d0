package help

func validated() Guide {
	return Guide{Slug: "validation", Title: "When we visit you",
		For: "For companies: agree on a time, prepare the visit, and know what the agency sees.",
		Parts: []Part{
			{ID: "notice", Title: "The notice", Intro: "A validation begins with a letter in your inbox. [Validations](/validations) shows where it stands and names your next step.",
				Points: []string{
					"The letter says which places we want to visit, between which days, and what to have ready.",
					"You have a right to notice. No visit is before the day that the page names, unless an owner or signatory agrees to less under **Agree to less notice**.",
				}},
			{ID: "time", Title: "Agree on a time", Intro: "We offer up to five times. They are times at the site; where your own clock shows another time, it stands beside it.",
				Steps: []string{
					"Open the visit and answer **Yes**, **If needed** or **No** for each time.",
					"If none suits you, use **Suggest other times**.",
					"Choose **Send the answer**. You can change it until we confirm a time.",
				},
				Points: []string{
					"Nothing is booked before we confirm. If you do not answer in time, nothing is booked either, and we get in touch with you.",
					"A booked time can be changed: choose **Ask for another time** and say why. The booked time stands until we confirm another.",
					"The invitation in your calendar follows every change. What the portal says counts.",
				}},
			{ID: "prepare", Title: "Prepare the visit", Intro: "The page of the visit lists what we asked for.",
				Steps: []string{
					"Under **Who receives us** enter names and a telephone number for the day, then what we should know of safety and access.",
					"Mark each document when it is ready. If it is in your library of evidence, choose it there, and we can read it before the visit.",
				}},
			{ID: "observers", Title: "Observers", Intro: "Another customs authority may ask to observe a visit.",
				Points: []string{
					"It may only if an owner or signatory chooses **Consent**, and you can take that back at any time.",
					"An observer sees the country and time of the visit and the topics that are looked at. It does not see names, documents or findings.",
				}},
		}}
}
