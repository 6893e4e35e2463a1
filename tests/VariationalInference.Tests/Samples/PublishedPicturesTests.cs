using System.Xml.Linq;
using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

/// <summary>The pictures that the READMEs show are whole, and drawn in the style of today.</summary>
public sealed class PublishedPicturesTests
{
    public static TheoryData<string> Pictures =>
        new(Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Pictures"), "*.svg").Select(path => Path.GetFileName(path)));

    [Theory]
    [MemberData(nameof(Pictures))]
    public void Picture_IsAChartWithItsNameTextAndStyle(string file)
    {
        XElement svg = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Pictures", file)).Root!;
        string name = Path.GetFileNameWithoutExtension(file);

        svg.Name.LocalName.Should().Be("svg");
        Child("title").Attribute("id")!.Value.Should().Be(name + "-title");
        Child("title").Value.Should().NotBeEmpty();
        Child("desc").Value.Should().EndWith(".", "it is made of sentences");
        Child("style").Value.Trim().ReplaceLineEndings("\n").Should().Be(Palette.ChartStyle.Trim().ReplaceLineEndings("\n"));
        svg.Descendants().Where(element => (string?)element.Attribute("class") == "clipped").Should()
            .NotBeEmpty().And.OnlyContain(panel => panel.HasElements, "something is drawn in each panel");
        svg.Descendants().Attributes().Should().NotContain(attribute => attribute.Value.Contains("NaN", StringComparison.Ordinal));

        XElement Child(string child) => svg.Elements().Single(element => element.Name.LocalName == child);
    }
}
