using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Learning;
using Xunit;

namespace VariationalInference.Tests.Persistence;

/// <summary>Statistics are saved and loaded as encoders and checkpoints are.</summary>
public sealed class SufficientStatisticsFileTests
{
    private static readonly SufficientStatistics Statistics =
        SufficientStatistics.Of(Matrix<double>.Build.DenseOfRowArrays([1.0, 2.0], [3.0, 5.0], [4.0, double.NaN]));

    [Fact]
    public void SaveAndLoad_OfAFile_KeepEveryBitAndLeaveNothingElse()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("rows"), "an old file");

        Statistics.Save(folder.File("rows"));

        folder.Names.Should().Equal("rows");
        File.ReadAllBytes(folder.File("rows")).Should().Equal(SufficientStatisticsTests.Bytes(Statistics));
        SufficientStatisticsTests.Bytes(SufficientStatistics.Load(folder.File("rows"))).Should().Equal(SufficientStatisticsTests.Bytes(Statistics));
    }

    [Fact]
    public void Load_OfTheOldFormat_KeepsEveryBit()
    {
        SufficientStatistics loaded = SufficientStatistics.Load(new PipeStream(OldStatistics.Of(Statistics), endless: false));

        SufficientStatisticsTests.Bytes(loaded).Should().Equal(SufficientStatisticsTests.Bytes(Statistics));
    }

    [Fact]
    public void Load_OfRowsBeyondWhatADoubleCounts_KeepsTheirNumber()
    {
        SufficientStatistics many = SufficientStatistics.OfMoments(long.MaxValue - 1, [1.0], Matrix<double>.Build.DenseIdentity(1));

        SufficientStatistics.Load(new MemoryStream(SufficientStatisticsTests.Bytes(many))).RowCount.Should().Be(long.MaxValue - 1);
    }

    [Fact]
    public void Load_OfAnotherFile_NamesItAndSaysWhatIsWrong()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("encoder");
        new MlpEncoder(2, 1).Save(path);

        Action load = () => SufficientStatistics.Load(path);

        ModelFileException exception = load.Should().Throw<ModelFileException>().Which;
        exception.FileName.Should().Be(path);
        exception.Message.Should().Be($"{path}: the file holds a 'mlp_encoder'; kind must be sufficient_statistics.");
    }

    [Fact]
    public void SaveAndLoad_OfWhatIsNoStream_AreRefused()
    {
        var closed = new MemoryStream();
        closed.Dispose();
        Refusal.Of<ArgumentNullException>(() => SufficientStatistics.Load((string)null!), "path", "Value cannot be null.");
        Refusal.Of<ArgumentException>(() => Statistics.Save(string.Empty), "path", "The value cannot be an empty string.");
        Refusal.Of<ArgumentNullException>(() => SufficientStatistics.Load((Stream)null!), "stream", "Value cannot be null.");
        Refusal.Of<ArgumentNullException>(() => Statistics.Save((Stream)null!), "stream", "Value cannot be null.");
        Refusal.Of<ArgumentException>(() => SufficientStatistics.Load(closed), "stream", "stream cannot be read; it must be open for reading.");
        Refusal.Of<ArgumentException>(() => Statistics.Save(closed), "stream", "stream cannot be written; it must be open for writing.");
    }
}
