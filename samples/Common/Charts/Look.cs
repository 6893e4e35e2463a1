namespace VariationalInference.Samples;

/// <summary>How a mark looks. Two marks should differ in stroke or marker too, since not everybody tells their hues apart.</summary>
/// <param name="Hue">The colour, of which there is a light and a dark shade.</param>
/// <param name="Stroke">The line, if there is one.</param>
/// <param name="Marker">The sign at each point, if there is one.</param>
public readonly record struct Look(Hue Hue, Stroke Stroke = Stroke.Solid, Marker Marker = Marker.None);
