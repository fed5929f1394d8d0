package geo

import "math"

// Point is a place in degrees.
type Point struct{ Lat, Lon float64 }

// To is the distance to another place in kilometres.
func (p Point) To(q Point) float64 { return Distance(p.Lat, p.Lon, q.Lat, q.Lon) }

// MostStops is how many stops a journey may have.
const MostStops = 12

// Trip puts stops in an order that makes the journey from start through all of them and
// back short, and returns their numbers in that order with its length in kilometres.
//
// It begins with the nearest neighbour, once for every first stop, and then turns parts of
// the journey round for as long as that makes it shorter (2-opt). For the dozen stops of a
// journey of officers this comes out at the shortest order or within a few percent of it,
// and does so at once.
func Trip(start Point, stops []Point) (order []int, km float64) {
	km = math.Inf(1)
	for first := range stops {
		o := nearest(stops, first)
		if l := better(start, stops, o); l < km {
			order, km = o, l
		}
	}
	if len(stops) == 0 {
		return nil, 0
	}
	return order, km
}

// nearest goes from a first stop to the nearest of those that are left.
func nearest(stops []Point, first int) []int {
	order, left := []int{first}, make([]int, 0, len(stops)-1)
	for i := range stops {
		if i != first {
			left = append(left, i)
		}
	}
	for len(left) > 0 {
		at, best := stops[order[len(order)-1]], 0
		for i := range left {
			if at.To(stops[left[i]]) < at.To(stops[left[best]]) {
				best = i
			}
		}
		order = append(order, left[best])
		left = append(left[:best], left[best+1:]...)
	}
	return order
}

// better turns parts of the order round while that shortens the journey; it says how long
// it is in the end. A gain below a metre is rounding and would go on for ever.
func better(start Point, stops []Point, order []int) float64 {
	for best := Length(start, stops, order); ; {
		before := best
		for i := range order {
			for j := i + 1; j < len(order); j++ {
				turn(order[i : j+1])
				if l := Length(start, stops, order); l < best-0.001 {
					best = l
				} else {
					turn(order[i : j+1])
				}
			}
		}
		if best >= before {
			return best
		}
	}
}

func turn(part []int) {
	for i, j := 0, len(part)-1; i < j; i, j = i+1, j-1 {
		part[i], part[j] = part[j], part[i]
	}
}

// Length is the length of a journey from start through stops in an order and back.
func Length(start Point, stops []Point, order []int) (km float64) {
	at := start
	for _, i := range order {
		km += at.To(stops[i])
		at = stops[i]
	}
	return km + at.To(start)
}
