using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Persistence;

/// <summary>One file has all that inference needs: what is loaded answers with the same bits and flags the same rows.</summary>
public sealed class HybridInferenceFileTests : IDisposable
{
    private static readonly GaussianSumModel Model = new(4, 3, 0.5);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_OfTrainedInference_AnswersWithTheSameBits()
    {
        Matrix<double> rows = Model.Sample(400, seed: 1).Observations;
        HybridResult trained = new HybridSolver(new HybridOptions { MaxEpochs = 5, AmortizedLatents = [2, 0] }).Fit(Model, new MlpEncoder(3, 2, [8]), rows);
        trained.Save(_folder.File("trained"));

        HybridInference loaded = HybridInference.Load(_folder.File("trained"));

        loaded.GapLimit.Should().Be(trained.GapLimit);
        loaded.CoordinateSweeps.Should().Be(trained.CoordinateSweeps);
        loaded.AmortizedLatents.Should().Equal(2, 0);
        loaded.Model.Should().BeOfType<GaussianSumModel>();
        loaded.Should().BeOfType<HybridInference>("how training went is not in the file");
        ShouldAnswerTheSame(loaded, trained, [.. rows.EnumerateRows().Select(row => row.ToArray()), [40, -35, 1e6]]);
    }

    [Fact]
    public void Load_OfAnEncoderThatAcceptsMissingCells_AnswersWithTheSameBits_AndFlagsTheSameRows()
    {
        var random = new Xoshiro256StarStar(1, false);
        Matrix<double> rows = Model.Sample(400, seed: 1).Observations;
        rows.MapInplace(value => random.NextDouble() < 0.2 ? double.NaN : value);
        var encoder = new MlpEncoder(3, 1, new PerceptronOptions { HiddenWidths = [8], AcceptsMissing = true });
        HybridResult trained = new HybridSolver(new HybridOptions { MaxEpochs = 2, CoordinateSweeps = 3 }).Fit(Model, encoder, rows);
        var inference = new HybridInference(Model, trained.Encoder, [0]) { GapLimit = 0.01, CoordinateSweeps = 3 };

        HybridInference loaded = HybridInference.Load(new MemoryStream(SavedCase.Save(inference)));

        loaded.CoordinateSweeps.Should().Be(3);
        HybridTable table = loaded.Infer(rows);
        table.FlaggedRows.Should().NotBeEmpty().And.HaveCountLessThan(400).And.Equal(inference.Infer(rows).FlaggedRows);
        ShouldAnswerTheSame(loaded, inference, [.. rows.EnumerateRows().Select(row => row.ToArray()), [double.NaN, double.NaN, double.NaN]]);
    }

    [Fact]
    public void Load_OfAnEncoderOfOnesOwn_AnswersWithTheSameBits()
    {
        Matrix<double> rows = Model.Sample(400, seed: 1).Observations;
        HybridResult trained = new HybridSolver(new HybridOptions { MaxEpochs = 2 }).Fit(Model, new SetEncoder(3, 1, 4, seed: 1), rows);
        using var stream = new MemoryStream(SavedCase.Save(trained));

        HybridInference loaded = HybridInference.Load(stream, new SetEncoder(1, 1, 1, seed: 9));

        loaded.Encoder.Should().BeOfType<SetEncoder>();
        ShouldAnswerTheSame(loaded, trained, [.. rows.EnumerateRows().Select(row => row.ToArray())]);
    }

    [Fact]
    public void SavedAndLoaded_ThreeHundredRandomInferences_AnswerWithTheSameBits()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Xoshiro256StarStar(seed, false);
            int latents = 1 + random.Next(5), observations = 1 + random.Next(4), amortized = 1 + random.Next(latents);
            LinearGaussianModel model = random.Next(2) == 0
                ? new GaussianSumModel(observations, Positive(), Many(latents), [.. Many(latents).Select(Math.Exp)])
                : new LinearGaussianModel(
                    Matrix<double>.Build.Dense(observations, latents, (_, _) => Number()),
                    Many(observations),
                    [.. Many(observations).Select(Math.Exp)],
                    Many(latents),
                    [.. Many(latents).Select(Math.Exp)]);
            var encoder = new MlpEncoder(observations, amortized, new PerceptronOptions
            {
                HiddenWidths = random.Next(2) == 0 ? [] : [1 + random.Next(6)],
                Precision = random.Next(2) == 0 ? NetworkPrecision.Bits32 : NetworkPrecision.Bits64,
                AcceptsMissing = true,
                Seed = seed,
            });
            int[] order = [.. Enumerable.Range(0, latents).OrderBy(_ => random.Next()).Take(amortized)];
            var inference = new HybridInference(model, encoder, [.. order]) { GapLimit = Positive(), CoordinateSweeps = random.Next(3) == 0 ? 1 + random.Next(4) : null };

            HybridInference loaded = HybridInference.Load(new MemoryStream(SavedCase.Save(inference)));

            ShouldAnswerTheSame(loaded, inference, [.. Enumerable.Range(0, 5).Select(_ => Cells(observations))]);
            SavedCase.Save(loaded).AsSpan().SequenceEqual(SavedCase.Save(inference)).Should().BeTrue($"seed {seed}");

            double Number() => (4 * random.NextDouble()) - 2;
            double Positive() => Math.Exp(Number());
            double[] Cells(int count) => [.. Many(count).Select(value => random.Next(4) == 0 ? double.NaN : value)];
            double[] Many(int count) => [.. Enumerable.Range(0, count).Select(_ => Number())];
        }
    }

    [Fact]
    public void Load_OfAnEncoderOfOnesOwn_NeedsIt()
    {
        new HybridInference(Model, new SetEncoder(3, 1, 4, seed: 1), [0]).Save(_folder.File("own"));
        new HybridInference(Model, new MlpEncoder(3, 1), [0]).Save(_folder.File("mlp"));

        Refusal.Of<ArgumentNullException>(
            () => HybridInference.Load(_folder.File("own")),
            "encoder",
            "The file holds an encoder of the kind 'set_encoder', which the library does not know; encoder must be given.");
        Refusal.Of<ArgumentException>(
            () => HybridInference.Load(_folder.File("mlp"), new SetEncoder(1, 1, 1, seed: 0)),
            "encoder",
            "The file holds an encoder of the kind 'mlp_encoder'; encoder is of the kind set_encoder and must be of the same.");
    }

    [Fact]
    public void Save_OfAnEncoderThatIsNotFinite_LeavesTheOldFile()
    {
        var encoder = new MlpEncoder(3, 1);
        var inference = new HybridInference(Model, encoder, [0]);
        inference.Save(_folder.File("file"));
        byte[] before = File.ReadAllBytes(_folder.File("file"));
        encoder.Parameters.Span[0] = double.NaN;

        ((Action)(() => inference.Save(_folder.File("file")))).Should().Throw<InvalidOperationException>().WithMessage("*is NaN; it must be finite to be saved.");

        File.ReadAllBytes(_folder.File("file")).Should().Equal(before);
        _folder.Names.Should().Equal("file");
    }

    [Fact]
    public void Load_OfLatentsThatDoNotFit_SaysWhatIsWrong()
    {
        byte[] file = SavedCase.Save(new HybridInference(Model, new MlpEncoder(3, 1), [0]) { GapLimit = 0.0078125 });
        int latents = file.AsSpan().LastIndexOf(BitConverter.GetBytes(0.0078125)) - sizeof(double);
        BitConverter.GetBytes(7.0).CopyTo(file, latents);

        ((Action)(() => HybridInference.Load(new MemoryStream(Checksum.Repair(file))))).Should().Throw<ModelFileException>()
            .WithMessage("The stream: amortizedLatents names latent 7; the model has 4, counted from 0.*");
    }

    [Fact]
    public void Load_OfALargeSpoiltFile_TakesLittleMoreThanTheFile()
    {
        byte[] file = SavedCase.Save(new HybridInference(new GaussianSumModel(2, 1000, 1), new MlpEncoder(1000, 1, [600]), [0]));
        file[^100_000] ^= 1;
        using var stream = new MemoryStream(file, writable: false);
        long before = GC.GetAllocatedBytesForCurrentThread();

        ((Action)(() => HybridInference.Load(stream))).Should().Throw<ModelFileException>();

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan((2 * file.Length) + (1 << 20));
    }

    private static void ShouldAnswerTheSame(HybridInference loaded, HybridInference saved, double[][] rows)
    {
        foreach (double[] row in rows)
        {
            loaded.Infer(row).MeanField.Means.Should().Equal(saved.Infer(row).MeanField.Means);
            loaded.Infer(row).MeanField.Variances.Should().Equal(saved.Infer(row).MeanField.Variances);
            loaded.Infer(row).Gaps.Should().Be(saved.Infer(row).Gaps);
        }

        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays(rows);
        HybridTable actual = loaded.Infer(table), expected = saved.Infer(table);
        actual.Means.AsColumnMajorArray().Should().Equal(expected.Means.AsColumnMajorArray());
        actual.MeanFieldVariances.AsColumnMajorArray().Should().Equal(expected.MeanFieldVariances.AsColumnMajorArray());
        actual.Elbos.Should().Equal(expected.Elbos);
        actual.LogEvidences.Should().Equal(expected.LogEvidences);
        actual.AmortizationGaps.Should().Equal(expected.AmortizationGaps);
        actual.OptimizationGaps.Should().Equal(expected.OptimizationGaps);
        actual.FlaggedRows.Should().Equal(expected.FlaggedRows);
    }
}
