using FluentAssertions;
using MathNet.Numerics;

using MathNet.Numerics.Random;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>Rows side by side in the lanes of vectors.</summary>
public sealed class LanePlacementTests
{
    [Fact]
    public void Rows_StandBesideRowsOfTheirOwnBlockAlone_InPlacesOfTheirOwn()
    {
        var model = new GaussianSumModel(latentCount: 2, observationCount: 6, noiseVariance: 1);
        var blocks = new AmortizedBlocks(model, [0]);
        double[] row = new double[6];
        AmortizedBlock[] kinds =
        [
            .. Enumerable.Range(0, 4).Select(missing =>
            {
                row.AsSpan()[..missing].Fill(double.NaN);
                return blocks.Of(model.Structure.Condition(row, new double[6]).Shape);
            }),
        ];
        var placement = new LanePlacement(capacity: 100, mayDiffer: true);
        var random = new Xoshiro256StarStar(3);
        for (int time = 0; time < 20; time++)
        {
            placement.Clear();
            AmortizedBlock[] rows = [.. Enumerable.Range(0, 100).Select(_ => kinds[random.Next(time % 4 + 1)])];
            int[] places = [.. rows.Select(placement.Add)];

            places.Should().OnlyHaveUniqueItems();
            places.Max().Should().BeLessThan(placement.PlaceCount);
            for (int n = 0; n < rows.Length; n++)
            {
                placement.PlaceOf(n).Should().Be(places[n]);
                placement.BlockOf(places[n] / LaneBuffer.Lanes).Should().BeSameAs(rows[n]);
            }

            int atBest = rows.GroupBy(block => block).Sum(group => LaneBuffer.VectorsFor(group.Count()));
            placement.VectorCount.Should().Be(atBest);
        }
    }

    [Fact]
    public void Buffer_ReadsWhatItWrote()
    {
        var buffer = new LaneBuffer(places: 9, width: 3);
        for (int place = 0; place < 9; place++)
        {
            buffer.Write(place, [place, place + 0.25, place + 0.5]);
        }

        double[] row = new double[3];
        for (int place = 0; place < 9; place++)
        {
            buffer.Read(place, row);
            row.Should().Equal(place, place + 0.25, place + 0.5);
            buffer[place, 1].Should().Be(place + 0.25);
            buffer[place / LaneBuffer.Lanes][2][place % LaneBuffer.Lanes].Should().Be(place + 0.5);
        }
    }

    [Fact]
    public void Buffer_OfNothing_IsReadAndWrittenAnywhere()
    {
        var buffer = new LaneBuffer(places: 9, width: 0);

        buffer.Write(place: 7, []);
        buffer.Read(place: 7, []);

        buffer[1].IsEmpty.Should().BeTrue();
    }

    [Fact]
    public void VarianceGap_OfVectors_KeepsItsDigitsNearTheOptimum()
    {
        // Series of ½(eᵈ − 1 − d) where the terms cancel, and the terms themselves where they do not.
        foreach (double d in new[] { 0, 1e-12, -1e-9, 1e-6, -1e-5, 9.99e-4, -9.99e-4, 1.001e-3, 0.5, -3, 20, -600 })
        {
            double exact = Math.Abs(d) < 0.1
                ? 0.5 * d * d * Enumerable.Range(0, 12).Sum(k => Math.Pow(d, k) / SpecialFunctions.Factorial(k + 2))
                : 0.5 * (Math.Exp(d) - 1 - d);

            double gap = PosteriorShape.VarianceGap(RepeatableFunctions.Exp(new System.Numerics.Vector<double>(d)), new System.Numerics.Vector<double>(d))[0];

            gap.Should().BeApproximately(exact, Math.Max(1e-11 * exact, d is > -1e-3 and < 1e-3 ? 0 : 2e-16));
        }
    }
}
