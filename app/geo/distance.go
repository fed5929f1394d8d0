// Package geo is what the portal knows of the earth: distances, the order of a journey,
// and a map of the world that needs no server of tiles.
package geo

import "math"

// earthRadius is the mean radius in kilometres. Source: IUGG.
const earthRadius = 6371.0088

// Distance is the length of the shortest way between two places over the surface of the
// earth, in kilometres. Latitudes and longitudes are in degrees. The earth counts as a
// ball, which is wrong by half a percent at most.
func Distance(lat1, lon1, lat2, lon2 float64) float64 {
	a, b := radians(lat1), radians(lat2)
	y, x := math.Sin((b-a)/2), math.Sin(radians(lon2-lon1)/2)
	h := y*y + math.Cos(a)*math.Cos(b)*x*x
	return 2 * earthRadius * math.Asin(math.Sqrt(math.Min(1, h)))
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }
