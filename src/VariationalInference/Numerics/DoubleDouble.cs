namespace VariationalInference;

/// <summary>A number as an unevaluated sum of two doubles, about 32 digits (Dekker, 1971; Joldes, Muller and Popescu, 2017).</summary>
internal readonly struct DoubleDouble(double high, double low = 0)
{
    public double High => high;

    public double Low => low;

    public static DoubleDouble operator +(DoubleDouble a, DoubleDouble b)
    {
        (double sum, double error) = TwoSum(a.High, b.High);
        (double lowSum, double lowError) = TwoSum(a.Low, b.Low);
        (sum, error) = FastTwoSum(sum, error + lowSum);
        (sum, error) = FastTwoSum(sum, error + lowError);
        return new DoubleDouble(sum, error);
    }

    public static DoubleDouble operator -(DoubleDouble a) => new(-a.High, -a.Low);

    public static DoubleDouble operator -(DoubleDouble a, DoubleDouble b) => a + -b;

    public static DoubleDouble operator *(DoubleDouble a, DoubleDouble b)
    {
        double product = a.High * b.High;
        double error = Math.FusedMultiplyAdd(a.High, b.High, -product);
        error += Math.FusedMultiplyAdd(a.High, b.Low, a.Low * b.High);
        (product, error) = FastTwoSum(product, error);
        return new DoubleDouble(product, error);
    }

    public static DoubleDouble operator /(DoubleDouble a, DoubleDouble b)
    {
        double first = a.High / b.High;
        DoubleDouble rest = a - (b * new DoubleDouble(first));
        double second = rest.High / b.High;
        rest -= b * new DoubleDouble(second);
        (first, second) = FastTwoSum(first, second);
        return new DoubleDouble(first, second) + new DoubleDouble(rest.High / b.High);
    }

    public static DoubleDouble Sqrt(DoubleDouble a)
    {
        if (!(a.High > 0))
        {
            return new DoubleDouble(Math.Sqrt(a.High));
        }

        // One step of Newton's method from a double doubles its digits.
        var root = new DoubleDouble(Math.Sqrt(a.High));
        DoubleDouble rest = a - (root * root);
        return root + new DoubleDouble(rest.High / (2 * root.High));
    }

    /// <summary>Returns the inner product.</summary>
    public static DoubleDouble Dot(ReadOnlySpan<DoubleDouble> a, ReadOnlySpan<DoubleDouble> b)
    {
        var sum = default(DoubleDouble);
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    public override string ToString() => Guard.Text($"{high:R} + {low:R}");

    private static (double Sum, double Error) TwoSum(double a, double b)
    {
        double sum = a + b;
        double bPart = sum - a;
        return (sum, (a - (sum - bPart)) + (b - bPart));
    }

    private static (double Sum, double Error) FastTwoSum(double a, double b)
    {
        double sum = a + b;
        return (sum, b - (sum - a));
    }
}
