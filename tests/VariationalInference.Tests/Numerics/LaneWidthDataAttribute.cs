using System.Reflection;
using Xunit.Sdk;

namespace VariationalInference.Tests.Numerics;

/// <summary>A vector width as the only argument of a test, reported as skipped on processors without it.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class LaneWidthDataAttribute : DataAttribute
{
    private readonly LaneWidth _width;

    public LaneWidthDataAttribute(LaneWidth width)
    {
        _width = width;
        Skip = Lanes.IsSupported(width) ? null : $"This processor has no vectors of {width}.";
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[_width]];
}
